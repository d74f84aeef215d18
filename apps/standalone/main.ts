import { ROLES } from '@parley/kernel/meta.js'; console.log('standalone', ROLES.length);

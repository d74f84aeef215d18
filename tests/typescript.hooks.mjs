import { registerHooks } from 'node:module';

// Node strips types by itself, but does not know that `./name.js` may be written as `./name.ts`. Only for what runs beside jest.
registerHooks({
  resolve(specifier, context, next) {
    try {
      return next(specifier, context);
    } catch (error) {
      if (error.code?.endsWith('MODULE_NOT_FOUND') && /^\.\.?\/.*\.js$/.test(specifier)) return next(specifier.replace(/js$/, 'ts'), context);
      throw error;
    }
  },
});

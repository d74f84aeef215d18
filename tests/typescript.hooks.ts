import { registerHooks } from 'node:module';

// Node strips types by itself, but does not know that `./name.js` may be written as `./name.ts`. Only for what runs beside jest.
registerHooks({
  resolve(specifier, context, next) {
    try {
      return next(specifier, context);
    } catch (error) {
      const isMissing = (error as NodeJS.ErrnoException).code?.endsWith('MODULE_NOT_FOUND');
      if (isMissing && /^\.\.?\/.*\.js$/.test(specifier)) return next(specifier.replace(/js$/, 'ts'), context);
      throw error;
    }
  },
});

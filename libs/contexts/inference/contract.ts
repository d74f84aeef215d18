/** What other contexts may know of inference. Nothing else of inference may be imported from outside. */
export {
  AttemptFailed,
  AttemptStarted,
  GENERATION_CATEGORY,
  GenerationCompleted,
  GenerationFailed,
  GenerationStarted,
  GenerationStopped,
} from './domain/generation.events.js';

import { newDatabase } from '@parley/platform/testing/database.js';
import { type ProviderSimulator, startProviderSimulator } from '../../apps/provider-simulator/start-simulator.js';
import { Parley } from './parley.js';

describe('a reply', () => {
  let simulator: ProviderSimulator;
  let parley: Parley;
  beforeAll(async () => {
    simulator = await startProviderSimulator({ recordCalls: true });
    parley = await Parley.start({ databaseUrl: await newDatabase(), simulatorUrl: simulator.url });
  });
  afterAll(async () => {
    await parley.stop();
    await simulator.close();
  });

  it('is made when a message is sent', async () => {
    const agentId = await parley.agent('sim-1');
    const { conversationId, replyId } = await parley.say(agentId, 'Hello there');
    const [reply, ...others] = await parley.replies(conversationId, replyId);
    expect(others).toEqual([]);
    expect(reply).toMatchObject({ outcome: 'completed', finishReason: 'stop', attempt: 1, provider: 'simulator', model: 'sim-1', promptVersion: 1 });
    expect(reply!.text).toContain('Hello there');
    expect(await parley.course(replyId)).toEqual(['GenerationStarted', 'AttemptStarted', 'GenerationCompleted']);
  });
});

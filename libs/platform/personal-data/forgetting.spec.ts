import { capturedLog } from '../testing/captured-log.js';
import { Forgetting } from './forgetting.js';

const log = capturedLog();
const erased = { tenantId: crypto.randomUUID(), subjectId: crypto.randomUUID(), position: 7n };

describe('forgetting a person', () => {
  it('reaches all who remember, with where in the log it stands', async () => {
    const forgetting = new Forgetting();
    const heard: unknown[] = [];
    forgetting.register('one', (each) => void heard.push(each));
    forgetting.register('another', async (each) => void heard.push(each));
    await forgetting.forget(erased);
    expect(heard).toEqual([erased, erased]);
  });

  it('is tried again where it fails, and does not keep the others from it', async () => {
    const forgetting = new Forgetting();
    const heard: string[] = [];
    let failures = 2;
    forgetting.register('late', () => {
      if (failures-- > 0) throw new Error('not now');
      heard.push('late');
    });
    forgetting.register('quick', () => void heard.push('quick'));
    await forgetting.forget(erased);
    expect(heard.toSorted()).toEqual(['late', 'quick']);
  });

  it('says aloud where it cannot be done', async () => {
    const forgetting = new Forgetting();
    forgetting.register('stubborn', () => Promise.reject(new Error('never')));
    await forgetting.forget(erased);
    expect(log.text()).toContain('person.still-remembered');
  });

  it('knows each that remembers by a name of its own', () => {
    const forgetting = new Forgetting();
    forgetting.register('one', () => undefined);
    expect(() => forgetting.register('one', () => undefined)).toThrow('two');
  });
});

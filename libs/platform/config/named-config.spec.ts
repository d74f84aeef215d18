import { z } from 'zod';
import { InvalidConfig, secret, variables } from './config.js';
import { defineNamedConfig } from './named-config.js';

const servers = defineNamedConfig('PARLEY_SPEC_SERVER', { URL: z.url().describe('where it is'), KEY: secret().optional() });

describe('variables with a name in the middle', () => {
  it('are found by their names', () => {
    const read = servers.read({
      PARLEY_SPEC_SERVER_MY_LLAMA_URL: 'http://127.0.0.1:8080/v1',
      PARLEY_SPEC_SERVER_HOUSE_URL: 'http://house/v1',
      PARLEY_SPEC_SERVER_HOUSE_KEY: 'hush',
      PARLEY_SPEC_SERVER_EMPTY_URL: '',
      PARLEY_SPEC_SERVER_URL: 'http://nameless/v1',
      PARLEY_OTHER_X_URL: 'http://other/v1',
    });
    expect([...read.keys()]).toEqual(['house', 'my-llama']);
    expect(read.get('my-llama')).toEqual({ URL: 'http://127.0.0.1:8080/v1', KEY: undefined });
    expect(read.get('house')?.KEY?.reveal()).toBe('hush');
  });

  it('stop the start when one is wrong or missing, and are named', () => {
    expect(() => servers.read({ PARLEY_SPEC_SERVER_A_URL: 'nowhere' })).toThrow(InvalidConfig);
    expect(() => servers.read({ PARLEY_SPEC_SERVER_A_URL: 'nowhere' })).toThrow('PARLEY_SPEC_SERVER_A_URL');
    expect(() => servers.read({ PARLEY_SPEC_SERVER_A_KEY: 'hush' })).toThrow('PARLEY_SPEC_SERVER_A_URL');
    expect(() => servers.read({ PARLEY_SPEC_SERVER_A_KEY: 'hush' })).not.toThrow('hush');
  });

  it('are in the catalogue once, whatever the names', () => {
    const listed = variables().filter(({ name }) => name.startsWith('PARLEY_SPEC_SERVER'));
    expect(listed.map(({ name, isSecret }) => [name, isSecret])).toEqual([
      ['PARLEY_SPEC_SERVER_<NAME>_KEY', true],
      ['PARLEY_SPEC_SERVER_<NAME>_URL', false],
    ]);
  });
});

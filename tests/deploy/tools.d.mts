/** See tools.mjs. */
export function tool(name: 'kubectl' | 'hadolint' | 'shellcheck' | 'promtool'): string;

import { defineCommand, writtenText } from '@parley/kernel/command.js';
import { id } from '@parley/kernel/meta.js';
import { z } from 'zod';

/** Longest name of an agent, in UTF-16 code units. */
export const MAX_AGENT_NAME_LENGTH = 100;
/** Longest instructions of a prompt version, in UTF-16 code units. */
export const MAX_INSTRUCTIONS_LENGTH = 100_000;

const agentName = writtenText(MAX_AGENT_NAME_LENGTH).trim().min(1);

/** A prompt version, as a person writes it. */
const prompt = {
  provider: writtenText(100).trim().min(1),
  model: writtenText(200).trim().min(1),
  instructions: writtenText(MAX_INSTRUCTIONS_LENGTH),
  /** 0 to 2; null: the provider's default. */
  temperature: z.number().min(0).max(2).nullable(),
  /** Most tokens of a reply; null: the provider's default. */
  maxOutputTokens: z.int().positive().nullable(),
};

/** The prompt becomes version 1, and is active at once. */
export class CreateAgent extends defineCommand('CreateAgent', z.object({ agentId: id, name: agentName, ...prompt })) {}

/** Gives an agent another name. The same name again changes nothing. */
export class RenameAgent extends defineCommand('RenameAgent', z.object({ agentId: id, name: agentName })) {}

/** Takes an agent out of use; its conversations stay. Idempotent. */
export class ArchiveAgent extends defineCommand('ArchiveAgent', z.object({ agentId: id })) {}

/** Adds a version, the next number. Replies go on with the active one. */
export class DraftPromptVersion extends defineCommand('DraftPromptVersion', z.object({ agentId: id, ...prompt })) {}

/** Replies are made by this version from now on. An older one may be activated again: that is a rollback. */
export class ActivatePromptVersion extends defineCommand('ActivatePromptVersion', z.object({ agentId: id, version: z.int().positive() })) {}

export type AgentCommand = CreateAgent | RenameAgent | ArchiveAgent | DraftPromptVersion | ActivatePromptVersion;

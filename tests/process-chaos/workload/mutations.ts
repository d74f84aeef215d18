/** The commands that clients send, each with what they read of its answer. Tokens of sessions are not in it: a history is no place for them. */
export const MUTATIONS = {
  createAgent: 'mutation ($input: CreateAgentInput!) { createAgent(input: $input) { agentId consistencyToken } }',
  addMember: 'mutation ($input: AddMemberInput!) { addMember(input: $input) { personId consistencyToken } }',
  startConversation: 'mutation ($input: StartConversationInput!) { startConversation(input: $input) { conversationId consistencyToken } }',
  sendMessage: 'mutation ($input: SendMessageInput!) { sendMessage(input: $input) { conversationId messageId replyId consistencyToken } }',
  regenerateReply: 'mutation ($input: RegenerateReplyInput!) { regenerateReply(input: $input) { conversationId replyId consistencyToken } }',
  stopReply: 'mutation ($input: StopReplyInput!) { stopReply(input: $input) { conversationId replyId consistencyToken } }',
  renameConversation: 'mutation ($input: RenameConversationInput!) { renameConversation(input: $input) { conversationId consistencyToken } }',
  deleteConversation: 'mutation ($input: DeleteConversationInput!) { deleteConversation(input: $input) { conversationId consistencyToken } }',
} as const;
export type Mutation = keyof typeof MUTATIONS;

export const REGISTER = 'mutation ($input: RegisterInput!) { register(input: $input) { personId tenantId accessToken refreshToken } }';
export const SIGN_IN = 'mutation ($input: SignInInput!) { signIn(input: $input) { personId accessToken refreshToken } }';

/** What clients ask in between: as much as they may see, for what must not be in it. */
export const QUERIES = [
  'query ($conversationId: ID!) { messages(conversationId: $conversationId, last: 20) { nodes { id text sentBy replies { id status text attempt finishReason } } } }',
  'query { conversations(first: 50) { nodes { id title messageCount agentId } } }',
  'query { agents(first: 50, includeArchived: true) { nodes { id name } } }',
  'query { usageReplies(first: 50) { nodes { replyId conversationId personId model status } } }',
  'query { me { id email name } tenant { id slug } }',
] as const;

export const READ_REPLY = 'query ($id: ID!) { reply(id: $id) { status text attempt finishReason } }';

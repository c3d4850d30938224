/** Every dialect that a call can be metered in, with a path that its requests come by. */
import { anthropicMessages } from '../../proxy/dialects/anthropic-messages.js';
import { bedrockConverse } from '../../proxy/dialects/bedrock-converse.js';
import { bedrockInvoke } from '../../proxy/dialects/bedrock-invoke.js';
import { cohere } from '../../proxy/dialects/cohere.js';
import type { Dialect } from '../../proxy/dialects/dialect.js';
import { geminiEmbeddings } from '../../proxy/dialects/gemini-embeddings.js';
import { gemini } from '../../proxy/dialects/gemini.js';
import { bedrockClaude, vertexChat, vertexClaude, vertexEmbeddings } from '../../proxy/dialects/hosted-model.js';
import {
  cartesiaListen,
  cartesiaSpeech,
  deepgramListen,
  deepgramSpeech,
  elevenLabsListen,
  elevenLabsSpeech,
  falImages,
  ideogramImages,
} from '../../proxy/dialects/native-media.js';
import { openAiChat } from '../../proxy/dialects/openai-chat.js';
import { openAiEmbeddings } from '../../proxy/dialects/openai-embeddings.js';
import { openAiImages } from '../../proxy/dialects/openai-images.js';
import { openAiResponses } from '../../proxy/dialects/openai-responses.js';
import { openAiSpeech } from '../../proxy/dialects/openai-speech.js';
import { openAiTranscription } from '../../proxy/dialects/openai-transcription.js';
import { workersAiRun } from '../../proxy/dialects/workers-ai-run.js';

export const EVERY_DIALECT: readonly Dialect[] = [
  openAiChat, openAiResponses, openAiEmbeddings, openAiImages, openAiSpeech, openAiTranscription, anthropicMessages,
  gemini, geminiEmbeddings, bedrockClaude, bedrockConverse, bedrockInvoke, vertexClaude, vertexChat, vertexEmbeddings,
  cohere, workersAiRun, elevenLabsSpeech, elevenLabsListen, cartesiaSpeech, cartesiaListen, deepgramSpeech,
  deepgramListen, falImages, ideogramImages,
]; // prettier-ignore

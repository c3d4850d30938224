/**
 * Reads an answer of AWS event frames for a tally: a Converse event, or a model's own event inside a frame of `bytes`.
 */
import type { AnswerReader, UsageReading } from './dialect.js';
import { addParsed, type AnswerTally } from './answer-reader.js';
import { AwsEventFrames, type AwsFrame } from './aws-event-frames.js';

/** `{"bytes":"…"}`: what a model's own event is wrapped in by InvokeModelWithResponseStream. */
const WRAPPED = /^\s*\{[^{}]*?"bytes"\s*:\s*"([A-Za-z0-9+/=]*)"/;

export class AwsFrameReader implements AnswerReader {
  private readonly frames: AwsEventFrames;
  private unreadBytes = 0;

  constructor(private readonly tally: AnswerTally) {
    this.frames = new AwsEventFrames((frame) => this.read(frame));
  }

  push(chunk: Uint8Array): void {
    this.frames.push(chunk);
  }

  finish(complete: boolean): UsageReading {
    const { frames, unreadBytes } = this;
    // an end inside a frame is a cut, whatever the connection says
    const isComplete = complete && (frames.isWhole() || frames.isDamaged);
    return this.tally.reading({
      isComplete,
      isOverflowed: frames.isOverflowed,
      isDamaged: frames.isDamaged,
      unreadBytes,
    });
  }

  soFar(): UsageReading {
    return this.finish(false);
  }

  private read({ isException, payload }: AwsFrame): void {
    if (isException) {
      this.tally.add({ type: 'error', error: {} });
      return;
    }
    const text = payload.toString();
    const wrapped = WRAPPED.exec(text)?.[1];
    const isRead = addParsed(this.tally, wrapped === undefined ? text : Buffer.from(wrapped, 'base64').toString());
    if (!isRead) this.unreadBytes += payload.length;
  }
}

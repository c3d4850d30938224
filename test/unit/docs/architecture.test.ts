/** ARCHITECTURE.md draws the way of a request; here the drawing is held against the code that it draws. */
import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { ERROR_CODES, type ErrorName } from '../../../schema/contracts/error-codes.js';

const PIPELINE = readFileSync('proxy/pipeline.ts', 'utf8');
const EXPLANATION = readFileSync('proxy/explain/explain.ts', 'utf8');
const TREE = /```\na request: [\s\S]*?```/.exec(readFileSync('ARCHITECTURE.md', 'utf8'))?.[0] ?? '';

interface DrawnStage {
  readonly name: string;
  readonly errors: readonly ErrorName[];
}

/** The stages of the tree, top to bottom; a stage's errors may go on in the next lines, up to the next `│ text`. */
function drawnStages(): DrawnStage[] {
  const blocks = TREE.matchAll(/^[├└]─ (\w[\w-]*)((?:.*\n)(?:│ {20,}.*\n)*)/gm);
  return [...blocks].map(([, name = '', text = '']) => ({ name, errors: errorsIn(text.split('✗')[1] ?? '') }));
}

/** `2001 unknownGateway · 9002 badRequest, methodNotAllowed`: the names, each under the code before it. */
function errorsIn(text: string): ErrorName[] {
  return text.split('·').flatMap((group) => {
    const [, code = '', names = ''] = /(\d{4})([\s\S]*)/.exec(group) ?? [];
    return (names.match(/\w+/g) ?? []).map((name) => {
      if (!isErrorName(name)) throw new Error(`ARCHITECTURE.md draws an error that does not exist: ${name}`);
      expect({ name, code: ERROR_CODES[name].code }).toEqual({ name, code: Number(code) });
      return name;
    });
  });
}

const isErrorName = (name: string): name is ErrorName => Object.hasOwn(ERROR_CODES, name);

/** Stages in the order in which a source calls them, through its own small functions, from one of them on. */
function calledStages(from: 'serve' | 'serveSteps' | 'walk' = 'serve', source: string = PIPELINE): string[] {
  const imported = new Set([...source.matchAll(/from '\.{1,2}\/stages\/([\w-]+)\.js'/g)].map(([, file = '']) => file));
  const bodies = new Map(
    [...source.matchAll(/function (\w+)\([\s\S]*?\n}\n/g)].map(([text, name = '']) => [
      name,
      text.slice(text.indexOf('{')),
    ]),
  );
  const walk = (name: string): string[] =>
    [...(bodies.get(name) ?? '').matchAll(/(?<![.\w])(\w+)\(/g)].flatMap(([, called = '']) => {
      const file = called.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
      if (imported.has(file)) return [file];
      const isOtherWay = called === name || called === 'serveSteps' || called === 'walkSteps';
      return bodies.has(called) && !isOtherWay ? walk(called) : [];
    });
  return [...new Set(walk(from))]; // a stage may be called at two places of one function
}

interface StageErrors {
  readonly thrown: readonly string[];
  readonly documented: readonly number[];
}

/** What a stage's file throws itself, and the codes that its `Throws` or `Fails with GatewayError …` sentence names. */
function errorsOfStage(name: string): StageErrors {
  const source = readFileSync(`proxy/stages/${name}.ts`, 'utf8');
  const sentence = /(?:Throws|Fails with) GatewayError([\s\S]*?)\*\//.exec(source)?.[1] ?? '';
  return {
    thrown: [...source.matchAll(/new GatewayError\(\s*'(\w+)'/g)].map(([, error = '']) => error),
    documented: [...sentence.matchAll(/\b\d{4}\b/g)].map(([code]) => Number(code)),
  };
}

test('the stages are drawn in the order in which the pipeline calls them', () => {
  expect(drawnStages().map((stage) => stage.name)).toEqual(calledStages());
  expect(calledStages().length).toBeGreaterThanOrEqual(7);
});

test('the steps of a universal request go the same way', () => {
  const own = calledStages('serveSteps');
  expect(own).toEqual(calledStages().filter((name) => own.includes(name)));
  expect(own).toEqual(expect.arrayContaining(['authenticate', 'choose', 'forward', 'relay', 'record']));
});

test('an explanation goes through the same stages, in the same order, up to where something would be sent', () => {
  const stages = calledStages();
  expect(calledStages('walk', EXPLANATION)).toEqual(stages.slice(0, stages.indexOf('look-up') + 1));
});

test('every file of a stage is drawn', () => {
  const files = readdirSync('proxy/stages').map((file) => file.replace(/\.ts$/, ''));
  const drawn = [...TREE.matchAll(/[├└]─ ([\w-]+)/g)].map(([, name = '']) => name);
  expect(drawn.toSorted()).toEqual(files.toSorted());
});

test('an error that a stage throws is drawn at that stage', () => {
  for (const { name, errors } of drawnStages()) {
    for (const thrown of errorsOfStage(name).thrown)
      expect({ name, errors }).toEqual({ name, errors: expect.arrayContaining([thrown]) });
  }
});

test('the codes drawn at a stage are those that its file throws or says it throws', () => {
  for (const { name, errors } of drawnStages()) {
    const { thrown, documented } = errorsOfStage(name);
    const own = thrown.filter(isErrorName).map((error) => ERROR_CODES[error].code);
    const drawn = errors.map((error) => ERROR_CODES[error].code);
    expect({ name, codes: sorted(drawn) }).toEqual({ name, codes: sorted([...own, ...documented]) });
  }
});

const sorted = (codes: readonly number[]): number[] => [...new Set(codes)].toSorted((a, b) => a - b);

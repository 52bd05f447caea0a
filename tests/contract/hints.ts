import test from 'ava';
import { freshActor } from './fixture.ts';
import type { CreatePorts } from './fixture.ts';

export function hintsContract(name: string, create: CreatePorts): void {
  const title = (sentence: string): string => `${name} hints: ${sentence}`;

  test.serial(title('listeners hear of commits and of work until they leave'), async (t) => {
    const ports = await create();
    const actor = freshActor();
    const gone: unknown[] = [];
    ports.hints.onCommitted((actors) => gone.push(actors))();
    const committed = new Promise((resolve) => ports.hints.onCommitted(resolve));
    const work = new Promise((resolve) => ports.hints.onWork(resolve));
    ports.hints.committed([actor]);
    ports.hints.work(['t1', 't2']);
    t.deepEqual([await committed, await work], [[actor], ['t1', 't2']]);
    t.deepEqual(gone, []);
    await ports.close();
  });
}

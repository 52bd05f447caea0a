/** Plays rounds one after the other on one stage, and on a new one after a failure or where a fault needs its own. */
import { startMongo } from '../mocks/servers/mongo.ts';
import type { MongoServer } from '../mocks/servers/mongo.ts';
import { lookAt } from '../tests/support/deposits.ts';
import type { Looking } from '../tests/support/deposits.ts';
import type { Fault, OwnRedis } from './fault.ts';
import { kindsUpTo } from './kinds.ts';
import type { Ledger } from './ledger.ts';
import type { Planned } from './plan.ts';
import { keepLogs, roundLine, say } from './report.ts';
import { playRound } from './round.ts';
import type { RoundResult } from './round.ts';
import { startStage } from './stage.ts';
import type { Stage } from './stage.ts';

export interface Runner {
  play(planned: Planned, full: boolean): Promise<RoundResult | Skipped>;
  stop(): Promise<void>;
}

/** This machine does not permit it. */
export interface Skipped {
  readonly skipped: string;
  readonly fault: string;
}

interface Scenery {
  readonly stage: Stage;
  readonly looking: Looking;
  readonly before: Ledger[];
  stop(): Promise<void>;
}

/** Rounds on one stage: proofs and audits walk over all of its actors. */
const ROUNDS_PER_STAGE = 15;

/** More roll-outs than a stage has rounds. */
const RULES_MAX = ROUNDS_PER_STAGE;

export async function createRunner(): Promise<Runner> {
  const mongo = await startMongo({ own: true });
  say(mongo.describe);
  let common: Scenery | null = null;
  let number = 0;
  const put = async (): Promise<void> => {
    await common?.stop();
    common = null;
  };
  return {
    async play({ fault, seed }, full) {
      const own = fault.prepare?.();
      if (typeof own === 'string') return { skipped: own, fault: fault.name };
      if (own !== undefined || common === null || common.before.length >= ROUNDS_PER_STAGE) await put();
      number += 1;
      let clean = false;
      try {
        const scenery = (common ??= await setUp(mongo, own));
        const { stage, looking, before } = scenery;
        const result = await playRound({ fault, seed, number, full, stage, looking, before });
        before.push(result.ledger);
        say(roundLine(number, result));
        if (!result.ok) tellOfFailure(stage, result);
        clean = result.ok && own === undefined && leavesNothing(fault);
        return result;
      } finally {
        if (!clean) await put();
        own?.cleanUp();
      }
    },
    async stop() {
      await put();
      await mongo.close();
    },
  };
}

/** Another round may be played on the stage. */
function leavesNothing({ losesTail, leavesBreaks }: Fault): boolean {
  return losesTail !== true && leavesBreaks !== true;
}

function tellOfFailure(stage: Stage, result: RoundResult): void {
  for (const one of result.wrong.slice(0, 10)) say(`      ${one}`);
  say(`      logs: ${keepLogs(stage, result)}`);
  say(`      again: npm run chaos -- --fault ${result.fault} --seed ${String(result.seed)}`);
}

async function setUp(mongo: MongoServer, own: OwnRedis | undefined): Promise<Scenery> {
  const stage = await startStage({ mongo, ...(own === undefined ? {} : { redis: own.redis }) });
  const looking = await lookAt(stage.config, kindsUpTo(RULES_MAX));
  return {
    ...{ stage, looking, before: [] },
    async stop() {
      await looking.close();
      await stage.stop();
    },
  };
}

export function faultNamed(faults: readonly Fault[], name: string): Fault {
  const fault = faults.find((one) => one.name === name);
  if (fault === undefined) throw new Error(`no fault is called ${name}: ${faults.map((one) => one.name).join(', ')}`);
  return fault;
}

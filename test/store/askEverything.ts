import { rewardStory } from '../../server/src/languageServer/rewards/rewardStory.ts';
import { WholeQueries } from './wholeQueries.ts';

/** Asks the run.db at `path` everything that a viewer may ask for. Throws what a viewer would be told. */
export function askEverything(path: string): void {
  const queries = WholeQueries.open(path);
  try {
    const run = { runId: 'run' };
    queries.reader.information();
    queries.steps({ ...run, order: 'newest', limit: 10 });
    queries.steps({ ...run, order: 'newest', limit: 10, filter: { text: 'x' } });
    for (const role of ['proposer', 'solver'] as const) {
      for (const mode of ['deduction', 'induction'] as const) {
        queries.stepItems({ ...run, step: 1, role, mode, offset: 0, limit: 10 });
      }
    }
    const page = { ...run, descending: false, limit: 100 };
    queries.table({ ...page, table: 'proposals', sort: 'solveRate' });
    queries.table({ ...page, table: 'rollouts', sort: 'reward' });
    queries.metrics({ ...run, names: queries.metricNames(), afterStep: -1, maximumPoints: 1 });
    queries.curriculum('run', 2);
    queries.skillMap('run');
    queries.relatives.childrenOfTask(1, 10);
    queries.reader.tasks({ afterId: 0, limit: 10 });
    queries.reader.proposals({ afterId: 0, limit: 10 });
    for (let id = 1; id <= 11; id += 1)
      rewardStory(queries, 'run', id, (tokens) => tokens.map(String));
  } finally {
    queries.close();
  }
}

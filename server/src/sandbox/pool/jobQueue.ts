/** First come, first served, with a user's requests before a run's. */

export interface Queued {
  readonly priority: 'run' | 'user';
}

export class JobQueue<Job extends Queued> {
  readonly #user = new Set<Job>();
  readonly #run = new Set<Job>();

  get isEmpty(): boolean {
    return this.#user.size + this.#run.size === 0;
  }

  add(job: Job): void {
    this.#lane(job).add(job);
  }

  /** Takes a job out wherever it stands; false when it was not waiting any more. */
  remove(job: Job): boolean {
    return this.#lane(job).delete(job);
  }

  /** Takes the job whose turn it is. */
  next(): Job | undefined {
    return takeFirst(this.#user) ?? takeFirst(this.#run);
  }

  /** Takes the user's next job, whatever a run has queued. */
  nextOfUser(): Job | undefined {
    return takeFirst(this.#user);
  }

  #lane(job: Job): Set<Job> {
    return job.priority === 'user' ? this.#user : this.#run;
  }
}

function takeFirst<Job>(lane: Set<Job>): Job | undefined {
  for (const job of lane) {
    lane.delete(job);
    return job;
  }
  return undefined;
}

/** How much of an NVIDIA GPU's memory a process holds, as the driver counts it. */
import { execa } from 'execa';

export class GpuMemory {
  readonly #processId: number | undefined;
  #peakMb: number | undefined;

  constructor(processId: number | undefined) {
    this.#processId = processId;
  }

  /**
   * The most that was seen when this was asked, in MiB; undefined where no GPU is used. Both sides
   * keep what they once held, so that asking after each update finds the peak.
   */
  async peakMb(): Promise<number | undefined> {
    const query = ['--query-compute-apps=pid,used_memory', '--format=csv,noheader,nounits'];
    const { stdout, failed } = await execa('nvidia-smi', query, { reject: false });
    if (failed) return undefined;
    for (const line of stdout.split('\n')) {
      const [processId, usedMb] = line.split(',').map(Number);
      if (processId !== this.#processId || usedMb === undefined) continue;
      this.#peakMb = Math.max(this.#peakMb ?? 0, usedMb);
    }
    return this.#peakMb;
  }
}

/** The reward stepper: one rollout's reward, one stage at a time. */
import type { RewardStory } from '../../../server/protocol/rewardStory.ts';
import type {
  HostMessage,
  PageFocus,
  StepperMove,
} from '../../../server/protocol/webviewMessages.ts';
import { type Connection, problemOf, type UnaskedMessage } from '../host/connection.ts';
import { Announcer } from '../ui/announce.ts';
import { element, fill } from '../ui/elements.ts';
import { emptyNotice, problemNotice } from '../ui/problemNotice.ts';
import { makeRoving, setTabStop } from '../ui/rovingFocus.ts';
import { button, progressRing, setDisabled } from '../ui/toolkit.ts';
import { visibleText } from '../../../server/protocol/visibleText.ts';
import { formulaView } from './formulaView.ts';
import { stageBody } from './stageBody.ts';
import { stageTitle } from './stageTitle.ts';
import { destination, matchingStage, moveOfKey } from './stepperMoves.ts';
import { storyHeader } from './storyHeader.ts';
import type { TokenColouring } from './tokensView.ts';

interface Memory {
  readonly rolloutId: number;
  readonly stage: number;
  readonly colouring: TokenColouring;
}

export class RewardsPage {
  readonly root = element('main', 'rewards');
  readonly #connection: Connection;
  readonly #announcer = new Announcer();
  readonly #content = element('div', 'rewards-content');
  #focus: PageFocus = { kind: 'nothing' };
  #story: RewardStory | undefined;
  #stage = 0;
  #colouring: TokenColouring = 'push';
  /** Which stage to show of the story that is asked for. */
  #wantedStage: RewardStory['stages'][number]['kind'] | number | undefined;

  constructor(connection: Connection) {
    this.#connection = connection;
    fill(this.root, this.#content, this.#announcer.root);
    this.#showNothing();
    document.addEventListener('keydown', (event) => {
      this.#onKey(event);
    });
  }

  receive(message: UnaskedMessage): void {
    switch (message.kind) {
      case 'state':
        this.#remembered(message);
        this.#setFocus(message.focus);
        break;
      case 'focus':
        this.#setFocus(message.focus);
        break;
      case 'move':
        this.#move(message.move);
        break;
      case 'runs':
        // A stored reward does not change while its run goes on.
        break;
    }
  }

  #remembered({ memory, focus }: Extract<HostMessage, { kind: 'state' }>): void {
    const stored = memory as Partial<Memory> | undefined;
    if (stored?.colouring === 'probability') this.#colouring = 'probability';
    if (focus.kind === 'rewards' && stored?.rolloutId === focus.rolloutId) {
      this.#wantedStage = stored.stage;
    }
  }

  #setFocus(focus: PageFocus): void {
    this.#focus = focus;
    if (focus.kind !== 'rewards') {
      this.#story = undefined;
      this.#showNothing();
      return;
    }
    if (focus.stage !== undefined) this.#wantedStage = focus.stage;
    const story = this.#story;
    if (story?.runId === focus.runId && story.rolloutId === focus.rolloutId) {
      this.#showStory(story);
    } else {
      void this.#load(focus.runId, focus.rolloutId);
    }
  }

  async #load(runId: string, rolloutId: number): Promise<void> {
    // The story before stays on screen until the next is there, unless that takes long.
    const slow = window.setTimeout(() => {
      fill(this.#content, progressRing('Reading the reward'));
    }, 300);
    try {
      const story = await this.#connection.request('azr/rewardStory', { runId, rolloutId });
      if (this.#isAskedFor(runId, rolloutId)) this.#showStory(story);
    } catch (error) {
      if (!this.#isAskedFor(runId, rolloutId)) return;
      this.#story = undefined;
      fill(
        this.#content,
        problemNotice(problemOf(error), () => void this.#load(runId, rolloutId)),
      );
    } finally {
      window.clearTimeout(slow);
    }
  }

  /** An answer may come after something else was asked for. */
  #isAskedFor(runId: string, rolloutId: number): boolean {
    const focus = this.#focus;
    return focus.kind === 'rewards' && focus.runId === runId && focus.rolloutId === rolloutId;
  }

  #showStory(story: RewardStory): void {
    const wanted = this.#wantedStage;
    this.#wantedStage = undefined;
    this.#story = story;
    const stage = typeof wanted === 'number' ? wanted : matchingStage(story, wanted);
    this.#stage = Math.min(Math.max(stage, 0), Math.max(story.stages.length - 1, 0));
    this.#draw(story, true);
  }

  #move(move: StepperMove): void {
    const story = this.#story;
    if (story === undefined) return;
    const to = destination(story, this.#stage, move);
    switch (to.kind) {
      case 'stage':
        this.#stage = to.stage;
        this.#draw(story);
        break;
      case 'rollout':
        this.#open(to.rolloutId);
        break;
      case 'nowhere':
        this.#tell(to.why);
        break;
    }
  }

  /** The extension answers with the new focus, so that commands and memory know of it too. */
  #open(rolloutId: number): void {
    const story = this.#story;
    if (story === undefined || rolloutId === story.rolloutId) return;
    this.#wantedStage = story.stages[this.#stage]?.kind;
    this.#connection.act({ kind: 'show-rewards', runId: story.runId, rolloutId });
  }

  #draw(story: RewardStory, whole = false): void {
    const stage = story.stages[this.#stage];
    if (stage === undefined) {
      fill(this.#content, emptyNotice('This rollout has no stages.'));
      return;
    }
    const title = stageTitle(stage, story);
    const position = `${String(this.#stage + 1)} of ${String(story.stages.length)}`;
    const focused = document.activeElement;
    const onDot = focused?.classList.contains('dot') === true;
    const nav = focused?.getAttribute('data-nav') ?? undefined;
    fill(
      this.#content,
      storyHeader(story, {
        onMove: (move) => {
          this.#move(move);
        },
        onOpenDocument: (uri) => {
          this.#connection.act({ kind: 'open-document', uri });
        },
      }),
      this.#dots(story),
      element(
        'section',
        { className: 'stage', attributes: { 'aria-label': `Stage: ${title}` } },
        element('h2', {}, title, element('span', 'stage-position', position)),
        element('p', 'stage-summary', visibleText(stage.summary)),
        stage.formula && formulaView(stage.formula),
        ...stageBody(stage, {
          colouring: this.#colouring,
          onColouring: (colouring) => {
            this.#colouring = colouring;
            this.#remember(story);
            this.#draw(story);
          },
          onOpen: (rolloutId) => {
            this.#open(rolloutId);
          },
        }),
      ),
      this.#footer(story),
    );
    if (onDot) this.#content.querySelector<HTMLElement>('.dot[tabindex="0"]')?.focus();
    if (nav !== undefined) this.#content.querySelector<HTMLElement>(`[data-nav="${nav}"]`)?.focus();
    this.#announcer.say(
      `${whole ? `${visibleText(story.title)}. ` : ''}Stage ${position}: ${title}. ${visibleText(stage.summary)}`,
    );
    this.#remember(story);
  }

  #dots(story: RewardStory): HTMLElement {
    const dots = story.stages.map((stage, index) =>
      element('button', {
        className: index === this.#stage ? 'dot current' : 'dot',
        attributes: {
          type: 'button',
          title: stageTitle(stage, story),
          'aria-label': `${String(index + 1)}: ${stageTitle(stage, story)}`,
          'aria-current': index === this.#stage ? 'step' : undefined,
        },
        on: {
          click: () => {
            this.#stage = index;
            this.#draw(story);
          },
        },
      }),
    );
    setTabStop(dots, this.#stage);
    const nav = element(
      'nav',
      { className: 'dots', attributes: { 'aria-label': 'Stages' } },
      ...dots,
    );
    makeRoving(nav, {
      items: () => dots,
      orientation: 'horizontal',
      onMove: (_, index) => {
        this.#stage = index;
        this.#draw(story);
      },
    });
    return nav;
  }

  #footer(story: RewardStory): HTMLElement {
    const step = (move: StepperMove, label: string, description: string, disabled: boolean) => {
      const control = button({
        label,
        description,
        ...(move === 'next' && { appearance: 'primary' as const }),
        onPress: () => {
          this.#move(move);
        },
      });
      control.dataset['nav'] = move;
      setDisabled(control, disabled);
      return control;
    };
    return element(
      'footer',
      'stepper',
      step('previous', '← Back', 'Stage before (Arrow Left)', this.#stage === 0),
      step('next', 'Next →', 'Next stage (Arrow Right)', this.#stage === story.stages.length - 1),
      element('span', { className: 'hint stepper-told' }),
    );
  }

  #tell(sentence: string): void {
    const place = this.#content.querySelector('.stepper-told');
    if (place !== null) place.textContent = sentence;
    this.#announcer.say(sentence);
  }

  #remember({ rolloutId }: RewardStory): void {
    const memory: Memory = { rolloutId, stage: this.#stage, colouring: this.#colouring };
    this.#connection.act({ kind: 'remember', memory });
  }

  #onKey(event: KeyboardEvent): void {
    if (event.altKey || event.ctrlKey || event.metaKey || event.defaultPrevented) return;
    const move = moveOfKey(event.key);
    if (move === undefined || isUsing(event)) return;
    event.preventDefault();
    this.#move(move);
  }

  #showNothing(): void {
    fill(
      this.#content,
      emptyNotice(
        'No reward chosen yet',
        'This view explains a reward step by step: prompt, completion, verdict, reward, advantage, and the tokens that the update made more or less likely.',
        'To see one, choose “Show Rewards” on a task or an answer in the AZR tree, or above an open task or answer.',
      ),
    );
  }
}

/** Keys that mean something to what has the focus: a box that scrolls up and down. */
function isUsing({ target, key }: KeyboardEvent): boolean {
  const scrolls = key === 'ArrowUp' || key === 'ArrowDown';
  if (!(target instanceof HTMLElement) || !scrolls) return false;
  const box = target.closest('[role="region"]');
  return box !== null && box.scrollHeight > box.clientHeight;
}

import {
  Body,
  ConflictException,
  Controller,
  Delete,
  Get,
  HttpCode,
  Inject,
  NotFoundException,
  Param,
  Post,
  Query,
  Req,
  Res,
} from '@nestjs/common';
import { ApiBody, ApiOperation, ApiTags } from '@nestjs/swagger';
import { isAbandonment } from '../../common/errors.js';
import type { RoutedRequest } from '../../nest/http-exchange.js';
import { Audit, targetsOf } from '../audit.js';
import { Answers, Described, DescribedChange } from '../dto/problems.js';
import { TaskDto, TaskRequestDto, TasksDto } from '../dto/tasks.dto.js';
import { refuseFields } from '../input/fields.js';
import { parseTask } from '../input/task-order.js';
import type { Reply } from '../reply.js';
import { isoTime } from '../shapes.js';
import { outcomeOf } from '../tasks/task-outcome.js';
import { TaskRegistry, type Task } from '../tasks/task-registry.js';
import type { QueueOrder, TaskRequest } from '../tasks/verb.js';
import { Verbs } from '../tasks/verbs.js';

/** What takes longer than a request waits for. */
@ApiTags('tasks')
@Controller('tasks')
export class TasksController {
  readonly #tasks: TaskRegistry;
  readonly #verbs: Verbs;
  readonly #audit: Audit;

  constructor(@Inject(TaskRegistry) tasks: TaskRegistry, @Inject(Verbs) verbs: Verbs, @Inject(Audit) audit: Audit) {
    this.#tasks = tasks;
    this.#verbs = verbs;
    this.#audit = audit;
  }

  @Post()
  @HttpCode(202)
  @ApiOperation({ summary: 'Has something done; `Location` tells where to look how far it is.' })
  @ApiBody({ type: TaskRequestDto })
  @Answers(202, 'It will be done.', TaskDto)
  @DescribedChange(404)
  async create(
    @Query() query: unknown,
    @Body() body: unknown,
    @Req() request: RoutedRequest & { readonly originalUrl?: string },
    @Res({ passthrough: true }) reply: Reply,
  ): Promise<TaskDto> {
    refuseFields({ query });
    const { request: order, images } = parseTask(body);
    const deed = { what: order.verb, ...targetOf(order, images) };
    const work = await this.#audit.attempt(request, deed, () => this.#verbs.workOf(order, images));
    const operator = this.#audit.operatorOf(request);
    const task = this.#tasks.add(order, async (context) => {
      try {
        const result = await work(context);
        if (!order.dryRun) this.#audit.tellOf(operator, { ...deed, ...outcomeOf(result) });
        return result;
      } catch (error) {
        if (!context.signal.aborted || !isAbandonment(error)) this.#audit.tellFailure(operator, deed, error);
        throw error;
      }
    });
    // The route may have prefixes, and be one of two.
    const [path = ''] = (request.originalUrl ?? '').split('?');
    reply.header('Location', `${path.replace(/\/+$/, '')}/${task.id}`);
    return shownTask(task);
  }

  @Get()
  @ApiOperation({ summary: 'Lists tasks, the newest first; of those that have ended, the last hundred.' })
  @Answers(200, 'The tasks.', TasksDto)
  @Described()
  list(@Query() query: unknown): TasksDto {
    refuseFields({ query });
    return { tasks: this.#tasks.list().map(shownTask) };
  }

  @Delete(':id')
  @ApiOperation({
    summary: 'Cancels a task: one that waits is not begun, one that runs ends where it is, and is `cancelled` then.',
  })
  @Answers(200, 'It had not begun, and is cancelled.', TaskDto)
  @Answers(202, 'It is about to end.', TaskDto)
  @DescribedChange(404, 409)
  cancel(
    @Param('id') id: string,
    @Query() query: unknown,
    @Req() request: RoutedRequest,
    @Res({ passthrough: true }) reply: Reply,
  ): TaskDto {
    refuseFields({ query });
    const { status, verb } = this.#find(id);
    if (status !== 'queued' && status !== 'running')
      throw new ConflictException(`id: the task has ended already: ${status}.`);
    this.#tasks.cancel(id);
    this.#audit.tell(request, { what: 'cancel', target: `${verb} ${id}` });
    reply.status(status === 'running' ? 202 : 200);
    return shownTask(this.#find(id));
  }

  @Get(':id')
  @ApiOperation({ summary: 'Tells how far a task is, and what came of it.' })
  @Answers(200, 'The task.', TaskDto)
  @Described(404)
  find(@Param('id') id: string, @Query() query: unknown): TaskDto {
    refuseFields({ query });
    return shownTask(this.#find(id));
  }

  #find(id: string): Task {
    const task = this.#tasks.find(id);
    if (task === undefined) throw new NotFoundException('id: there is no such task, or not any more.');
    return task;
  }
}

function targetOf({ identifier, folder }: TaskRequest, { identifiers }: QueueOrder): ReturnType<typeof targetsOf> {
  const target = identifier ?? folder;
  return targetsOf(identifiers ?? (target === undefined ? [] : [target]));
}

function shownTask({ queuedAt, startedAt, stoppedAt, ...task }: Task): TaskDto {
  return {
    ...task,
    queuedAt: isoTime(queuedAt),
    ...(startedAt !== undefined && { startedAt: isoTime(startedAt) }),
    ...(stoppedAt !== undefined && { stoppedAt: isoTime(stoppedAt) }),
  };
}

import {
  Body,
  Controller,
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
import type { RoutedRequest } from '../../nest/http-exchange.js';
import { Audit } from '../audit.js';
import { Answers, Described, DescribedChange } from '../dto/problems.js';
import { TaskDto, TaskRequestDto, TasksDto } from '../dto/tasks.dto.js';
import { Fields } from '../input/fields.js';
import { parseTask } from '../input/task-order.js';
import type { Reply } from '../reply.js';
import { countSweep, isoTime } from '../shapes.js';
import { TaskRegistry, type Task, type TaskResult } from '../tasks/task-registry.js';
import type { TaskRequest } from '../tasks/verb.js';
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
    @Body() body: unknown,
    @Req() request: RoutedRequest & { readonly originalUrl?: string },
    @Res({ passthrough: true }) reply: Reply,
  ): Promise<TaskDto> {
    const { request: order, images } = parseTask(body);
    const work = await this.#verbs.workOf(order, images);
    const who = this.#audit.operatorOf(request);
    const task = this.#tasks.add(order, async (context) => {
      const result = await work(context);
      if (!order.dryRun) this.#audit.tellOf(who, { what: order.verb, ...targetOf(order), counts: countsIn(result) });
      return result;
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
    Fields.of(query, [], 'query');
    return { tasks: this.#tasks.list().map(shownTask) };
  }

  @Get(':id')
  @ApiOperation({ summary: 'Tells how far a task is, and what came of it.' })
  @Answers(200, 'The task.', TaskDto)
  @Described(404)
  find(@Param('id') id: string): TaskDto {
    const task = this.#tasks.find(id);
    if (task === undefined) throw new NotFoundException('id: there is no such task, or not any more.');
    return shownTask(task);
  }
}

function targetOf({ identifier, folder }: TaskRequest): { readonly target?: string } {
  const target = identifier ?? folder;
  return target === undefined ? {} : { target };
}

function countsIn(result: TaskResult): Readonly<Record<string, number>> {
  if ('steps' in result) return countSweep(result);
  if ('infos' in result || 'queued' in result) return { ...result };
  const { completed, retried, dead } = result;
  return { completed, retried, dead };
}

function shownTask({ queuedAt, startedAt, stoppedAt, ...task }: Task): TaskDto {
  return {
    ...task,
    queuedAt: isoTime(queuedAt),
    ...(startedAt !== undefined && { startedAt: isoTime(startedAt) }),
    ...(stoppedAt !== undefined && { stoppedAt: isoTime(stoppedAt) }),
  };
}

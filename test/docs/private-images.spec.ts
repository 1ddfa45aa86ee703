import { describe, expect, it } from '@jest/globals';
import { Album, MembersModule } from '../../docs/examples/members.controller.js';
import { PLATFORMS, usingApps } from '../support/test-app.js';

const MEMBER = { 'x-member': 'ada' };
const HIT = /^image-cache; hit/;

describe.each(PLATFORMS)('The example of private images on %s', (platform) => {
  const start = usingApps(platform);
  const startMembers = () => start({ imports: [MembersModule], cache: false });

  it('asks on hits, too, who it is, and renders once for all members', async () => {
    const app = await startMembers();
    const first = await app.get('/album/summer/page', MEMBER);
    const stranger = await app.get('/album/summer/page');
    const second = await app.get('/album/summer/page', { 'x-member': 'ben' });
    expect([first.status, stranger.status, second.status]).toEqual([200, 401, 200]);
    expect(second.headers['cache-status']).toMatch(HIT);
    expect(second.body).toEqual(first.body);
    expect(stranger.headers['cache-status']).toBeUndefined();
    expect(app.nest.get(Album).rendered).toBe(1);
  });

  it('asks before it says that a picture is unchanged', async () => {
    const app = await startMembers();
    const { headers } = await app.get('/album/summer/page', MEMBER);
    const condition = { 'if-none-match': headers['etag'] as string };
    expect((await app.get('/album/summer/page', condition)).status).toBe(401);
    expect((await app.get('/album/summer/page', { ...condition, ...MEMBER })).status).toBe(304);
  });

  it('lets nobody but the client keep an answer, unless a handler says so', async () => {
    const app = await startMembers();
    for (const round of ['miss', 'hit']) {
      const page = await app.get('/album/summer/page', MEMBER);
      expect([round, page.headers['cache-control']]).toEqual([round, 'max-age=2592000, private, no-transform']);
      const cover = await app.get('/album/summer/cover', MEMBER);
      expect([round, cover.headers['cache-control']]).toEqual([round, expect.stringMatching(/^max-age=3600, public/)]);
    }
  });

  it('gives each member a picture of their own where the path says whose', async () => {
    const app = await startMembers();
    const ada = await app.get('/album/summer/for/ada', MEMBER);
    const grace = await app.get('/album/summer/for/grace', MEMBER);
    expect(grace.headers['cache-status']).toMatch(/fwd=miss/);
    expect(grace.body).not.toEqual(ada.body);
  });

  it('keeps nothing that depends on who asks', async () => {
    const app = await startMembers();
    await app.get('/album/summer/mine', MEMBER);
    expect((await app.get('/album/summer/mine', MEMBER)).headers['cache-status']).toBe('image-cache; fwd=bypass');
  });

  it('evicts what a member changes, and nothing for strangers', async () => {
    const app = await startMembers();
    const before = await app.get('/album/summer/page', MEMBER);
    expect((await app.request('PUT', '/album/summer/blue')).status).toBe(401);
    expect((await app.get('/album/summer/page', MEMBER)).headers['cache-status']).toMatch(HIT);
    expect((await app.request('PUT', '/album/summer/blue', MEMBER)).status).toBe(200);
    const after = await app.get('/album/summer/page', MEMBER);
    expect(after.headers['cache-status']).toMatch(/fwd=miss/);
    expect(after.body).not.toEqual(before.body);
  });
});

import { describe, expect, it } from '@jest/globals';
import { AllowList } from '../../../../libs/iiif/src/source/http/allow-list.js';

const PREFIX = 'https://images.example.org/originals/';

const REFUSED = {
  'this host': ['127.0.0.1', '127.255.255.254', '::1', '0.0.0.0', '::'],
  'private networks': ['10.0.0.1', '172.16.0.1', '172.31.255.254', '192.168.1.1', 'fc00::1', 'fd12:3456::1', 'fec0::1'],
  'link-local': ['169.254.0.1', 'fe80::1'],
  'metadata services': ['169.254.169.254', '169.254.170.2', 'fd00:ec2::254', '100.100.100.200', '192.0.0.192'],
  'carrier-grade NAT': ['100.64.0.1', '100.127.255.254'],
  'many or all': ['224.0.0.1', '239.255.255.255', '255.255.255.255', 'ff02::1'],
  'benchmarks, documentation, later use': [
    '198.18.0.1',
    '192.0.2.1',
    '203.0.113.9',
    '240.0.0.1',
    '2001:db8::1',
    '2001:2::1',
  ],
  'version 4 in version 6': ['::ffff:127.0.0.1', '::ffff:a00:1', '::ffff:8.8.8.8', '::127.0.0.1', '::ffff:0:7f00:1'],
  'translations and tunnels': ['64:ff9b::7f00:1', '64:ff9b::8.8.8.8', '64:ff9b:1::1', '2002:7f00:1::', '2001::1'],
  'no addresses': ['', 'localhost', '127.0.0.1.example.org', 'fe80::1%eth0%25'],
};

describe('the allow-list of an HTTP source', () => {
  it.each(Object.entries(REFUSED))('lets nobody connect to %s', (_, addresses) => {
    const list = new AllowList(PREFIX, []);
    expect(addresses.filter((address) => list.admits('images.example.org', address))).toEqual([]);
  });

  it('lets connect to what is public', () => {
    const list = new AllowList(PREFIX, []);
    for (const address of ['8.8.8.8', '172.32.0.1', '100.128.0.1', '2606:4700::1111'])
      expect(list.admits('any', address)).toBe(true);
  });

  it.each([
    ['a CIDR', ['10.1.0.0/16'], '10.1.2.3', true],
    ['another CIDR', ['10.1.0.0/16'], '10.2.2.3', false],
    ['an address', ['127.0.0.1'], '127.0.0.1', true],
    ['another address', ['127.0.0.1'], '127.0.0.2', false],
    ['a CIDR of version 6', ['fd00::/8'], 'fd12::1', true],
    ['the host', ['images.example.org'], '10.0.0.1', true],
    ['the host with its port', ['images.example.org:8443'], '10.0.0.1', true],
    ['all hosts of a domain', ['*.example.org'], '10.0.0.1', true],
    ['another host', ['example.org'], '10.0.0.1', false],
    ['a beginning of URLs', ['https://images.example.org/'], '10.0.0.1', true],
  ])('goes by %s', (_, allow, address, isAdmitted) => {
    expect(new AllowList(PREFIX, allow).admits('images.example.org', address)).toBe(isAdmitted);
  });

  it.each([
    ['https://images.example.org/originals/a.tif', true],
    ['https://images.example.org/originals/../admin', false],
    ['https://images.example.org/originals/%2e%2e/admin', false],
    ['https://images.example.org/admin', false],
    ['https://images.example.org:8443/originals/a.tif', false],
    ['http://images.example.org/originals/a.tif', false],
    ['https://images.example.org@evil.example/originals/a.tif', false],
    ['https://user:secret@images.example.org/originals/a.tif', false],
    ['https://images.example.org.evil.example/originals/a.tif', false],
    ['https://cdn.example.net/any', true],
    ['https://cdn.example.net:8443/any', false],
    ['http://cdn.example.net/any', true],
    ['https://a.b.example.com/any', true],
    ['https://example.com/any', false],
    ['http://store.example:9000/any', true],
    ['http://store.example/any', false],
    ['http://10.1.2.3/any', true],
    ['http://10.2.2.3/any', false],
    ['http://0x0a.1.2.3/any', true],
    ['http://2130706433/', false],
    ['http://[::ffff:127.0.0.1]/', false],
    ['https://deep.example/a/b.tif', true],
    ['https://deep.example/b/b.tif', false],
    ['file:///etc/passwd', false],
    ['ftp://cdn.example.net/any', false],
  ])('says of a redirect to %s: %s', (url, isPermitted) => {
    const allow = ['cdn.example.net', '*.example.com', 'store.example:9000', '10.1.0.0/16', 'https://deep.example/a/'];
    expect(new AllowList(PREFIX, allow).permits(new URL(url))).toBe(isPermitted);
  });

  it.each([
    ['http://example.org'],
    ['ftp://example.org/'],
    ['https://a@example.org/'],
    ['a b'],
    ['example.org/path'],
    ['10.0.0.0/99'],
  ])('refuses the entry %s', (entry) => {
    expect(() => new AllowList(PREFIX, [entry])).toThrow(`source.allow: "${entry}" is not`);
  });
});

/** Ways to write a path that leads out of a folder; each is meant as the identifier of an image. */
const WAYS_OUT = [
  '../canary.png',
  '../../canary.png',
  '../../../../../../etc/passwd',
  'maps/../../canary.png',
  'maps/../../../etc/passwd',
  './../canary.png',
  '..//canary.png',
  '....//canary.png',
  '.../...//canary.png',
  '..;/canary.png',
  '..;a=b/canary.png',
  '/etc/passwd',
  '//etc/passwd',
  '/proc/self/environ',
  '/proc/self/cwd/package.json',
  '/dev/zero',
  'file:///etc/passwd',
  'http://127.0.0.1:1/canary.png',
  'C:/Windows/win.ini',
  '\\\\127.0.0.1\\share\\canary.png',
  '..\\canary.png',
  '..\\..\\canary.png',
  '~/canary.png',
  '$HOME/canary.png',
  '|cat /etc/passwd',
  'photo.jpg\u0000.png',
  '../canary.png\u0000.jpg',
  '\u0000',
  'photo.jpg\n',
  'photo.jpg\r\nSet-Cookie: a=b',
  '\u001b[2J',
  '\u007f',
  '\u0085',
  '．．／canary.png',
  '‥/canary.png',
  '..∕canary.png',
  '..⁄canary.png',
  '\u202e..',
  '.',
  '..',
  '',
  'maps',
  'maps/',
  '.hidden.png',
  'maps/.hidden.png',
  'link.png',
  'linked/canary.png',
  'pipe.png',
  'page.html',
  'drawing.svg',
  'empty.png',
  'broken.tif',
] as const;

/** Ways to write a character in a URL; the server is to decode once, and nothing else. */
const ENCODINGS: readonly ((path: string) => string)[] = [
  (path) => encodeURIComponent(path).replaceAll('.', '%2e'),
  (path) => encodeURIComponent(encodeURIComponent(path).replaceAll('.', '%2E')),
  (path) => encodeURIComponent(path).replaceAll('%2F', '%c0%af').replaceAll('.', '%c0%ae'),
  (path) => encodeURIComponent(path).replaceAll('%2F', '%e0%80%af'),
  (path) => encodeURIComponent(path).replaceAll('%2F', '%u2215').replaceAll('.', '%u002e'),
  (path) => path.replaceAll(/[^\w./;:=~$|\\-]/gu, (character) => encodeURIComponent(character)),
];

const PARAMETERS = 'full/max/0/default.jpg';

/** Targets that try to read what is not an image of the source. */
export function escapingTargets(): string[] {
  return ENCODINGS.flatMap((encode) =>
    WAYS_OUT.flatMap((path) => [
      `/iiif/3/${encode(path)}/info.json`,
      `/iiif/2/${encode(path)}/${PARAMETERS}`,
      `/images/${encode(path)}`,
    ]),
  ).filter((target) => !HARMLESS.test(target));
}

/** An empty identifier of the listing is the listing. */
const HARMLESS = /^\/images\/$/;

/** Files of the server that the viewer does not consist of. */
export const FOREIGN_FILES = [
  '/../package.json',
  '/..%2fpackage.json',
  '/%2e%2e/package.json',
  '/%2e%2e%2fpackage.json',
  '/..%5cpackage.json',
  '/scripts/../../package.json',
  '/scripts/..%2f..%2fpackage.json',
  '/scripts/%2e%2e/%2e%2e/src/main.ts',
  '/openseadragon/../../package.json',
  '/openseadragon/..%2f..%2fpackage.json',
  '/openseadragon/openseadragon.js%00.css',
  '/.env',
  '/.git/config',
  '/image-server.yaml',
  '/index.html/..',
  '/samples/coast.tif',
  '//etc/passwd',
  '/scripts/',
  '/scripts',
  '/%00',
] as const;

const BAD_REGIONS = [
  '-1,0,10,10', '0,0,0,10', '0,0,10,0', '0,0,10', '0,0,10,10,10', '99999999999999999999,0,1,1', '1600,0,1,1',
  '0,0,1e9,1', '0x0,0,1,1', 'NaN,0,1,1', 'Infinity,0,1,1', 'pct:0,0,0,0', 'pct:101,0,1,1', 'pct:-1,0,1,1',
  'pct:0,0,1e400,1', 'pct:', 'square;', 'FULL', 'full,full', '1.5,0,1,1', '٣,0,1,1', '0,0,१,1', '%20full',
  'full%00', 'full%0a', '${7*7}', '{{7*7}}', "'%20or%201=1", '<script>', 'pct:0.0.0,0,1,1',
]; // prettier-ignore

const BAD_SIZES = [
  '0,', ',0', '0,0', '-1,', ',-1', 'pct:0', 'pct:-1', 'pct:', 'pct:1e9', '99999999999999999999,', '!0,0', '!,', ',',
  '!1,', '1e3,', '0x10,', 'NaN,', '10,10,10', '!^10,10', 'maximum', 'MAX', 'max%00', 'max%0d%0a', '^', '%5e', '10',
]; // prettier-ignore

const BAD_ROTATIONS = [
  '-1', '361', '360.1', '1e2', '!!90', '!', '90!', 'NaN', 'Infinity', '0x5a', '90,', '9'.repeat(400), '%2b90', '90%00',
]; // prettier-ignore

const BAD_FILES = [
  'default', 'default.', '.jpg', 'default.svg', 'default.html', 'default.pdf', 'default.jp2', 'default.heic', 'default.js',
  'default.jpg.html', 'default.JPG', 'Default.jpg', 'native.jpg', 'default.jpg%00', 'default.jpg%0d%0aX-Y:z', 'default.php',
  'default.jpeg', 'default.tiff', 'default.bmp', 'default.exe', 'default%2ejpg%2f', `default.${'x'.repeat(300)}`, 'grey.jpg',
]; // prettier-ignore

/** Parameters that are none. */
export function nonsensicalTargets(): string[] {
  const parameters = [
    ...BAD_REGIONS.map((region) => `${region}/max/0/default.jpg`),
    ...BAD_SIZES.map((size) => `full/${size}/0/default.jpg`),
    ...BAD_ROTATIONS.map((rotation) => `full/max/${rotation}/default.jpg`),
    ...BAD_FILES.map((file) => `full/max/0/${file}`),
  ];
  return [2, 3].flatMap((version) => parameters.map((each) => `/iiif/${version}/tiled.tif/${each}`));
}

/** Targets that are no paths of this server, or too much of one. */
export const ODD_TARGETS = [
  'http://127.0.0.1/etc/passwd',
  'http://evil.example/iiif/3/tiled.tif/info.json',
  'https://evil.example:443/',
  'file:///etc/passwd',
  'evil.example:80',
  '*',
  '?',
  'iiif/3/tiled.tif/info.json',
  '/iiif',
  '/iiif/1/tiled.tif/info.json',
  '/iiif/4/tiled.tif/info.json',
  '/iiif/3/tiled.tif/full/max/0/default.jpg/more',
  '/iiif/3/tiled.tif/full/max/0',
  '/iiif/3//info.json',
  '/iiif//3/tiled.tif/info.json',
  '//iiif/3/tiled.tif/info.json',
  '/IIIF/3/tiled.tif/info.json',
  '/iiif/3/tiled.tif/INFO.JSON',
  '/iiif/3/%/info.json',
  '/iiif/3/%2/info.json',
  '/iiif/3/%zz/info.json',
  '/iiif/3/%ff%fe/info.json',
  '/iiif/3/%ed%a0%80/info.json',
  `/iiif/3/${'a'.repeat(1025)}/info.json`,
  `/iiif/3/${'a'.repeat(10_000)}/info.json`,
  `/iiif/3/${'a'.repeat(100_000)}/info.json`,
  `/iiif/3/${'a/'.repeat(3000)}/info.json`,
  `/iiif/3/${'%2e%2e%2f'.repeat(400)}etc%2fpasswd/info.json`,
  '/iiif/3/a\tb/info.json',
  '/iiif/3/a b/info.json',
  '/iiif/3/a\u0001b/info.json',
  '/iiif/3/\u00ff/info.json',
] as const;

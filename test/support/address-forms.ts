/** Ways to write addresses that no tenant's URL may lead to: as URL parsers, resolvers and people have read them. */

const IPV4 = [
  '0.0.0.0', '0.255.255.255', '10.0.0.1', '10.255.255.254', '100.64.0.1', '100.127.255.254', '127.0.0.1', '127.255.255.254',
  '169.254.169.254', '169.254.170.2', '172.16.0.1', '172.31.255.254', '192.0.0.1', '192.0.0.192', '192.0.2.1', '192.168.0.1',
  '192.168.255.254', '198.18.0.1', '198.19.255.254', '198.51.100.1', '203.0.113.1', '224.0.0.1', '239.255.255.255',
  '240.0.0.1', '255.255.255.255',
]; // prettier-ignore
const IPV6 = [
  '::', '::1', 'fc00::1', 'fdff:ffff::1', 'fd00:ec2::254', 'fe80::1', 'febf::1', 'fec0::1', 'ff02::1', 'ff05::2',
  '2001:db8::1', '2001::1', '2002::1', '3fff::1', '64:ff9b::1', '64:ff9b:1::1', '100::1', '5f00::1', '::ffff:0:0',
]; // prettier-ignore
const FULLWIDTH_0 = 0xff10;
const FULL_STOPS = ['。', '．', '｡'];

const hex = (n: number, digits = 0): string => n.toString(16).padStart(digits, '0');
const octal = (n: number, digits = 0): string => `0${n.toString(8).padStart(digits, '0')}`;

/** Every form of every address; each once. As hosts of URLs: IPv6 in brackets. */
export function blockedHosts(): string[] {
  return [...new Set([...IPV4.flatMap(formsOfIpv4), ...IPV6.flatMap(formsOfIpv6)])];
}

function formsOfIpv4(address: string): string[] {
  const parts = address.split('.').map(Number);
  const [a = 0, b = 0, c = 0, d = 0] = parts;
  const whole = ((a * 256 + b) * 256 + c) * 256 + d;
  const low = (b * 256 + c) * 256 + d;
  const dotted = [
    address,
    parts.map((part) => `0x${hex(part)}`).join('.'),
    parts.map((part) => `0X${hex(part, 2).toUpperCase()}`).join('.'),
    parts.map((part) => `0x${hex(part, 8)}`).join('.'),
    parts.map((part) => octal(part)).join('.'),
    parts.map((part) => octal(part, 3)).join('.'),
    parts.map((part) => octal(part, 10)).join('.'),
    `0x${hex(a)}.${octal(b)}.${c}.${d}`,
    `${a}.${b}.${octal(c)}.0x${hex(d)}`,
    `${a}.${b}.${c * 256 + d}`,
    `${a}.${low}`,
    `0x${hex(a)}.0x${hex(low)}`,
    `${octal(a)}.${octal(low)}`,
    `${whole}`,
    `0x${hex(whole)}`,
    `0x${hex(whole, 16)}`,
    octal(whole),
  ];
  const disguised = [
    Array.from(address)
      .map((sign) => (sign === '.' ? sign : String.fromCharCode(FULLWIDTH_0 + Number(sign))))
      .join(''),
    Array.from(address).map(circled).join(''),
    ...FULL_STOPS.map((stop) => address.replaceAll('.', stop)),
    address.replaceAll('.', '%2e'),
    Array.from(address)
      .map((sign) => `%${hex(sign.charCodeAt(0))}`)
      .join(''),
    `user@${address}`,
    `public.example%40@${address}`,
  ];
  return [...dotted, ...dotted.map((form) => `${form}.`), ...disguised, ...wrapped(parts)];
}

/** IPv6 addresses with an IPv4 address inside. */
function wrapped([a = 0, b = 0, c = 0, d = 0]: number[]): string[] {
  const high = hex(a * 256 + b);
  const low = hex(c * 256 + d);
  const dotted = `${a}.${b}.${c}.${d}`;
  return [
    `::ffff:${dotted}`,
    `::FFFF:${high}:${low}`,
    `0:0:0:0:0:ffff:${high}:${low}`,
    `0000:0000:0000:0000:0000:ffff:${dotted}`,
    `::${dotted}`,
    `::ffff:0:${dotted}`,
    `64:ff9b::${dotted}`,
    `64:ff9b:1::${dotted}`,
    `2002:${high}:${low}::1`,
    `2001:0:${high}:${low}::`,
    `fe80::5efe:${dotted}`,
  ].map((form) => `[${form}]`);
}

function formsOfIpv6(address: string): string[] {
  const groups = new URL(`http://[${address}]`).hostname.slice(1, -1).split('::');
  const [before = [], after = []] = groups.map((half) => half.split(':').filter((group) => group !== ''));
  const all = [...before, ...Array.from({ length: 8 - before.length - after.length }, () => '0'), ...after];
  return [
    address,
    address.toUpperCase(),
    all.join(':'),
    all.map((group) => group.padStart(4, '0')).join(':'),
    `${address}%25eth0`,
    `${address}%eth0`,
  ].map((form) => `[${form}]`);
}

const circled = (sign: string): string =>
  sign === '.' ? sign : sign === '0' ? '⓪' : String.fromCharCode(0x2460 + Number(sign) - 1);

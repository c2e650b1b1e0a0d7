# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes the Debian packages.

    tools/package                 for the Debian of this machine; they are in build-packages
    tools/package 12 13           for these releases, each in a root of the lab (root, overlayfs, systemd-nspawn); they are in
                                  build-packages/debian-12 and so on

Missing packages are installed. The sources are the tree as it is, without files that git does not know, or `--archive FILE`. The
same sources give the same packages. `--output FOLDER` puts them elsewhere; `build.log` there says what was done.
"""

import argparse
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[1]
RESULTS = "*.deb", "*.dsc", "*.changes", "*.buildinfo", "*.tar.xz"


def make_archive(folder):
    done = subprocess.run([SOURCE / "tools/make-archive", folder], stdout=subprocess.PIPE, text=True, check=True)
    return Path(done.stdout.strip())


def name_release(changelog):
    """Gives the version of the packages the release that they are for: those of a newer Debian are newer."""
    head, _, rest = changelog.read_text().partition(")")
    changelog.write_text(f"{head}+deb{platform.freedesktop_os_release()['VERSION_ID']}){rest}")


def build_here(archive, folder):
    """Builds in a folder beside the results, so that no file of the tree gets into them."""
    version = archive.name.removeprefix("logoff-").removesuffix(".tar.xz")
    with tempfile.TemporaryDirectory(prefix="work-", dir=folder) as work:
        tree = Path(work) / f"logoff-{version}"
        shutil.copy(archive, Path(work) / f"logoff_{version}.orig.tar.xz")
        subprocess.run(["tar", "-xf", archive, "-C", work, "--no-same-owner"], check=True)
        shutil.copytree(tree / "packaging/debian", tree / "debian")
        name_release(tree / "debian/changelog")
        with (folder / "build.log").open("w") as log:
            done = subprocess.run(["dpkg-buildpackage", "-us", "-uc", "--build=full"], cwd=tree, stdin=subprocess.DEVNULL, stdout=log,
                                  stderr=log, env={**os.environ, "LC_ALL": "C.UTF-8"}, umask=0o022)
        if done.returncode:
            sys.stderr.writelines((folder / "build.log").read_text(errors="replace").splitlines(keepends=True)[-30:])
            sys.exit(f"package: the build has failed, see {folder}/build.log")
        for pattern in RESULTS:
            for file in Path(work).glob(pattern):
                shutil.move(file, folder / file.name)


def build_there(archive, folder, release):
    sys.path.insert(0, str(SOURCE / "test/lab"))
    import host as hosts
    import roots

    def bring(root):
        (root / "package/tools").mkdir(parents=True)
        (root / "package/out").mkdir()
        shutil.copy(archive, root / "package" / archive.name)
        for name in ("package", "package.py"):
            shutil.copy(SOURCE / "tools" / name, root / "package/tools" / name)

    hosts.sweep()
    try:
        with hosts.Host("packages", prepare=bring, debian=release) as host:
            done = host.run(["/package/tools/package", "--ready", "--archive", f"/package/{archive.name}", "--output", "/package/out"],
                            timeout=3600, env={"DEB_BUILD_OPTIONS": os.environ.get("DEB_BUILD_OPTIONS", "")})
            shutil.copytree(host.path("/package/out"), folder, dirs_exist_ok=True)
    except roots.Unavailable as why:
        sys.exit(f"package: {why}")
    if done.status:
        sys.exit(f"package: Debian {release}: {done.text}")


def build(archive, output, releases):
    for release in releases:
        folder = output / f"debian-{release}"
        folder.mkdir(exist_ok=True)
        build_there(archive, folder, release)
    if not releases:
        build_here(archive, output)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("releases", nargs="*", choices=["12", "13", []])
    parser.add_argument("--archive", type=Path)
    parser.add_argument("--output", type=Path, default=SOURCE / "build-packages")
    parser.add_argument("--ready", action="store_true", help="install nothing")
    args = parser.parse_args()
    if not args.ready:
        wanted = [SOURCE / "test/lab/packages.txt"] if args.releases else ["build", "servers", "packages"]
        subprocess.run([SOURCE / "tools/install", *wanted], check=True)
    output = args.output.resolve()
    output.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="archive-", dir=output) as folder:
        build(args.archive and args.archive.resolve() or make_archive(folder), output, args.releases)
    print(output)


if __name__ == "__main__":
    main()

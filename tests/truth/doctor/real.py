# SPDX-License-Identifier: MIT
"""Programs that others wrote and everybody knows, slow in a known way or healthy. They run until prof
ends them. Debian's builds carry no symbols, so no function is asked for."""
import os
import shutil
import subprocess

from harness import NOBODY, as_user
from programs import HERE, SYSTEM_PATH, Skip

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(HERE)))


def need(*names):
    """Real paths of commands of the system; skips without one of them."""
    found = [shutil.which(name, path=SYSTEM_PATH) for name in names]
    for name, path in zip(names, found):
        if path is None:
            raise Skip(f"{name} is not installed")
    return found


def shell(text):
    return ["/bin/sh", "-c", text]


class Real:
    """One program in one situation."""

    language, runs_on = "real", True

    def __init__(self, name, expected, acceptable=(), peer=None):
        self.name, self.key = name, f"real/{name}"
        self.expected, self.acceptable, self.peer = expected, acceptable, peer
        self.strengths = (60,) if expected else (0,)

    def truth(self, _place, _uid, _strength):
        return {"id": self.name, "expected": list(self.expected), "peer": self.peer,
                "acceptable": list(self.acceptable)}

    def load(self, _place, _truth, _port, _seconds):
        return None


class Redis(Real):
    """driver: what clients do, beside a benchmark, with $PORT."""

    def __init__(self, name, expected, driver, acceptable=()):
        super().__init__(name, expected, acceptable)
        self.driver = driver

    def start(self, _place, _folder, _run, port, _peer):
        return need("redis-server") + ["--port", str(port), "--bind", "127.0.0.1", "--save", "",
                                       "--appendonly", "no", "--enable-debug-command", "yes"]

    def load(self, _place, _truth, port, _seconds):
        benchmark, client = need("redis-benchmark", "redis-cli")
        return shell(f"PORT={port}; CLI='{client} -p {port}'; {self.driver} "
                     f"exec {benchmark} -p $PORT -t get,set -c 8 -n 1000000000 -q")


REDIS_LUA = ("(while :; do $CLI eval 'local x = 0; for i = 1, 4000000 do x = x + i % 7 end; return x' 0;"
             " sleep 0.2; done) &")
REDIS_KEYS = "$CLI debug populate 400000; (while :; do $CLI keys 'user:*'; sleep 0.2; done) &"


class Nginx(Real):
    def start(self, _place, folder, run, port, peer):
        nginx, = need("nginx")
        page = os.path.join(folder, "index.html")
        with open(page, "w", encoding="ascii") as file:
            file.write("<p>hello</p>\n" * 20)
        where = (f"proxy_pass http://127.0.0.1:{peer}; proxy_http_version 1.1;"
                 if self.peer else f"root {folder};")
        user = "user nobody nogroup;" if run.uid == 0 else ""
        config = os.path.join(folder, "nginx.conf")
        temporary = " ".join(f"{name}_temp_path {folder}/{name};" for name in
                             ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        with open(config, "w", encoding="ascii") as file:
            file.write(f"daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log;"
                       f" {user} events {{ worker_connections 256; }} http {{ access_log off; {temporary}"
                       f" keepalive_requests 1000000;"
                       f" server {{ listen 127.0.0.1:{port}; location / {{ {where} }} }} }}\n")
        os.chmod(folder, 0o755)
        return [nginx, "-e", f"{folder}/error.log", "-c", config]

    def load(self, place, _truth, port, seconds):
        return [place.built("load"), str(port), "-c", "8", "-s", str(seconds)]


class Postgres(Real):
    """PostgreSQL answers one client that looks up orders by customer, with or without an index. It
    refuses to run as root, so prof's target gives up root first."""

    ROWS = 400000

    def __init__(self, name, expected, index, acceptable=()):
        super().__init__(name, expected, acceptable)
        self.index = index

    @staticmethod
    def programs():
        folders = [f"/usr/lib/postgresql/{version}/bin" for version in
                   sorted(os.listdir("/usr/lib/postgresql"), reverse=True)] \
            if os.path.isdir("/usr/lib/postgresql") else []
        for folder in folders:
            if os.path.exists(os.path.join(folder, "initdb")):
                return folder
        raise Skip("postgresql is not installed")

    def start(self, _place, folder, run, port, _peer):
        programs, data = self.programs(), os.path.join(folder, "data")
        setpriv = [] if run.uid != 0 else need("setpriv") + [
            "--reuid", str(NOBODY), "--regid", str(NOBODY), "--clear-groups"]
        uid = NOBODY if run.uid == 0 else run.uid
        os.chown(folder, uid, uid)
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": folder}
        subprocess.run([f"{programs}/initdb", "-D", data, "-A", "trust", "-U", "truth", "--no-sync"],
                       check=True, **quiet, **as_user(uid))
        statements = [f"CREATE TABLE orders AS SELECT i AS id, i % 1000 AS customer, i * 2 AS total"
                      f" FROM generate_series(1, {self.ROWS}) i;", "VACUUM ANALYZE orders;"]
        if self.index:
            statements.append("CREATE INDEX ON orders (customer);")
        subprocess.run([f"{programs}/postgres", "--single", "-D", data, "postgres"], text=True,
                       input="\n".join(statements) + "\n", check=True, **quiet, **as_user(uid))
        script = os.path.join(folder, "lookup.sql")
        with open(script, "w", encoding="ascii") as file:
            file.write("\\set customer random(1, 1000)\n"
                       "SELECT sum(total) FROM orders WHERE customer = :customer;\n")
        os.chmod(folder, 0o755)
        os.chmod(script, 0o644)
        self.script = script
        return setpriv + [f"{programs}/postgres", "-D", data, "-p", str(port), "-k", "",
                          "-c", "listen_addresses=127.0.0.1",
                          "-c", "max_parallel_workers_per_gather=0"]

    def load(self, _place, _truth, port, seconds):
        rate = "" if not self.index else "-R 300"
        return shell(f"sleep 1; exec {self.programs()}/pgbench -h 127.0.0.1 -p {port} -U truth -n -c 1 "
                     f"{rate} -T {seconds} -f {self.script} postgres")


class Compile(Real):
    """Compiles prof's own library, one file after the other."""

    def start(self, place, _folder, _run, _port, _peer):
        compiler, = need("gcc")
        copy = os.path.join(place.folder, "lib")
        if not os.path.isdir(copy):
            shutil.copytree(os.path.join(ROOT, "lib"), copy)
        return shell(f"while :; do for file in {copy}/base/*.c {copy}/profile/*.c; do {compiler} -O2 -g "
                     f"-D_GNU_SOURCE -I {copy} -c $file -o out.o; done; done")


class GitRepack(Real):
    """Packs a repository anew, all deltas computed again."""

    def start(self, _place, folder, run, _port, _peer):
        git, = need("git")
        if not os.path.isdir(os.path.join(ROOT, ".git")):
            raise Skip("the checkout is no git repository")
        copy = os.path.join(folder, "repository")
        subprocess.run([git, "clone", "--quiet", "--bare", "--no-hardlinks", "file://" + ROOT, copy],
                       check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        subprocess.run(["chown", "-R", str(run.uid), copy], check=True)
        return shell(f"while :; do {git} -C {copy} repack -adfq; done")


def real_programs():
    return [
        Redis("redis-lua", ["loop-blocked-cpu"], REDIS_LUA, ["single-core"]),
        Redis("redis-keys", ["loop-blocked-cpu"], REDIS_KEYS, ["single-core"]),
        Redis("redis-healthy", [], ""),
        Nginx("nginx-slow-upstream", ["downstream-wait"], ("connect-per-request",), "http:40"),
        Nginx("nginx-static", []),
        Postgres("postgres-no-index", ["single-core"], False),
        Postgres("postgres-index", [], True),
        Compile("compile", []),
        GitRepack("git-repack", []),
    ]

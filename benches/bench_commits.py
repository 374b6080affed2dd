#!/usr/bin/env python3
"""The durable-commit limits of this machine: file fsync and SQLite.

    bench_commits.py --dir DIR [--seconds 4]

fsync      append 4 KiB + fdatasync, one after another: no durable one-event
           commit on this disk can be quicker.
sqlite     one event (about 300 bytes, indexed by stream and sequence) per
           transaction, for journal WAL with synchronous OFF/NORMAL/FULL and
           DELETE/FULL; then batches of 10 and 100 events in WAL/FULL; then
           several processes writing at once (BEGIN IMMEDIATE).

NORMAL in WAL does not fsync on commit: it survives a killed process, not a
power cut. One JSON line per run.
"""
import argparse
import json
import multiprocessing
import os
import pathlib
import sqlite3
import sys
import time

PAYLOAD = json.dumps({"deployment": "d" * 26, "step": "apply", "detail": "x" * 200})


def pct(v, p):
    v = sorted(v)
    return round(v[min(len(v) - 1, int(len(v) * p / 100))] * 1000, 3)


def emit(r, a):
    r["load1"] = round(os.getloadavg()[0], 1)
    line = json.dumps(r)
    print(line, flush=True)
    if a.json:
        with open(a.json, "a") as f:
            f.write(line + "\n")


def timed(seconds, step):
    """Call step(i) for `seconds`; (calls, elapsed, [latency])."""
    lat, i = [], 0
    t0 = time.perf_counter()
    while True:
        s = time.perf_counter()
        if s - t0 > seconds:
            return i, s - t0, lat
        step(i)
        lat.append(time.perf_counter() - s)
        i += 1


def fsync_loop(d, seconds):
    fd = os.open(d / "fsync.dat", os.O_CREAT | os.O_WRONLY | os.O_TRUNC)
    block = b"x" * 4096

    def step(_):
        os.write(fd, block)
        os.fdatasync(fd)
    n, t, lat = timed(seconds, step)
    os.close(fd)
    os.unlink(d / "fsync.dat")
    return {"what": "append 4 KiB + fdatasync", "per_s": round(n / t),
            "ms_p50": pct(lat, 50), "ms_p99": pct(lat, 99)}


def open_db(path, journal, sync):
    db = sqlite3.connect(path, isolation_level=None, timeout=30)
    db.execute(f"pragma journal_mode={journal}")
    db.execute(f"pragma synchronous={sync}")
    db.execute("create table if not exists event(stream int, seq int, at int, kind text, body text,"
               " primary key(stream, seq)) without rowid")
    return db


def sqlite_one(d, journal, sync, batch, seconds):
    path = d / "bench.db"
    for x in d.glob("bench.db*"):
        x.unlink()
    db = open_db(path, journal, sync)

    def step(i):
        db.execute("begin immediate")
        for k in range(batch):
            n = i * batch + k
            db.execute("insert into event values(?,?,?,?,?)", (n % 50, n, n, "step", PAYLOAD))
        db.execute("commit")
    n, t, lat = timed(seconds, step)
    db.close()
    return {"what": f"sqlite {journal}/{sync} batch {batch}", "per_s": round(n / t),
            "events_per_s": round(n * batch / t), "ms_p50": pct(lat, 50), "ms_p99": pct(lat, 99)}


def writer(path, k, sync, seconds, q):
    db = open_db(path, "wal", sync)

    def step(i):
        db.execute("begin immediate")
        db.execute("insert into event values(?,?,?,?,?)", (k, i, i, "step", PAYLOAD))
        db.execute("commit")
    n, t, lat = timed(seconds, step)
    q.put((n, t, lat))


def sqlite_many(d, procs, sync, seconds):
    path = d / "many.db"
    for x in d.glob("many.db*"):
        x.unlink()
    open_db(path, "wal", sync).close()
    q = multiprocessing.Queue()
    ps = [multiprocessing.Process(target=writer, args=(path, k, sync, seconds, q))
          for k in range(procs)]
    [p.start() for p in ps]
    got = [q.get() for _ in ps]
    [p.join() for p in ps]
    lat = [x for g in got for x in g[2]]
    return {"what": f"sqlite wal/{sync}, {procs} processes",
            "per_s": round(sum(g[0] / g[1] for g in got)),
            "ms_p50": pct(lat, 50), "ms_p99": pct(lat, 99)}


def main():
    ap = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    ap.add_argument("--dir", default="bench-commits")
    ap.add_argument("--seconds", type=int, default=4)
    ap.add_argument("--json")
    a = ap.parse_args()
    d = pathlib.Path(a.dir)
    d.mkdir(parents=True, exist_ok=True)
    emit(fsync_loop(d, a.seconds), a)
    for journal, sync, batch in (("wal", "full", 1), ("wal", "full", 10), ("wal", "full", 100)):
        emit(sqlite_one(d, journal, sync, batch, a.seconds), a)
    emit(sqlite_many(d, 4, "full", a.seconds), a)
    emit({"what": "sqlite version", "value": sqlite3.sqlite_version}, a)
    return 0


if __name__ == "__main__":
    sys.exit(main())

// SPDX-License-Identifier: MIT
/*
 * What kind of work a function is, by its name and module: the table that lets rules speak of
 * "JSON" or "allocation" for every language at once. A frame has the traits of all its lines.
 */
#ifndef PROF_ANALYZE_TRAITS_H
#define PROF_ANALYZE_TRAITS_H

#include <stdint.h>

#include "profile/profile.h"

typedef uint64_t trait_set;

enum trait {
    TRAIT_GC,
    TRAIT_MALLOC, /* malloc, free and what is below them */
    TRAIT_MEMCPY,
    TRAIT_JSON,
    TRAIT_REGEX,
    TRAIT_COMPRESS,
    TRAIT_CRYPTO,
    TRAIT_TLS_HANDSHAKE, /* and what else a new connection costs */
    TRAIT_TLS,           /* the TLS layer: what it encrypts, the program did not ask for */
    TRAIT_LOGGING,
    TRAIT_EXCEPTION,
    TRAIT_SYNC_API,  /* fs.readFileSync, execSync, pbkdf2Sync: blocks by its name */
    TRAIT_FILE_IO,   /* reading and writing files, user or kernel side */
    TRAIT_NETWORK,   /* kernel: tcp, ip, softirq */
    TRAIT_SYSCALL,   /* kernel: entry of system calls */
    TRAIT_FAULT,     /* kernel: page faults */
    TRAIT_MMAP,      /* mmap, munmap, madvise, mprotect, user or kernel side */
    TRAIT_MMAP_LOCK, /* kernel: rwsem of an address space */
    TRAIT_LOCK,      /* mutexes, read-write locks, monitors; not condition variables */
    TRAIT_CONDITION, /* condition variables, semaphores, queues of idle workers */
    TRAIT_AWAIT,     /* of these, those that are made of locks, which then stand below them */
    TRAIT_INTERPRETER_LOCK, /* the one that lets one thread of Python run at a time */
    TRAIT_SPIN,             /* spin locks, sched_yield, pause loops */
    TRAIT_DNS,
    TRAIT_CONNECT,     /* making connections */
    TRAIT_ASK,         /* asking another server and waiting for its answer */
    TRAIT_SEND,        /* writing to sockets and pipes, the runtime's side of it */
    TRAIT_INTERPRETER, /* bytecode loops: V8 Ignition, CPython, Ruby, PHP, JVM interpreter */
    TRAIT_COMPILER,    /* JIT compilation, deoptimisation */
    TRAIT_STARTUP,     /* module loading, dynamic linking */
    TRAIT_EVENT_LOOP,  /* the loop's own code */
    TRAIT_EXEC,        /* fork, exec, clone, exit */
    TRAIT_SLEEP,
    TRAIT_SERIALISE, /* pickle, protobuf, structuredClone, v8.serialize */
    TRAIT_TEMPLATE,
    TRAIT_SQL,
    TRAIT_CUT,  /* stands for callers that are not known: the stack was cut short */
    TRAIT_OURS, /* what prof itself does within the target: selections leave it out */
    TRAITS,
};

#define TRAIT(name) (UINT64_C(1) << (TRAIT_##name))

const char *trait_name(enum trait t); /* "garbage collection" */

/* By the function's name, module and kind. */
trait_set traits_of(const struct profile *p, const struct func *f);

#endif

// SPDX-License-Identifier: MIT
/*
 * How runtimes name generated code in perf maps, and so in what perf prints of them:
 *
 *     V8         JS:*fib /app/fib.js:2:19      tier mark, function, script:line:column
 *                LazyCompile:~fn file.js:1:2   (Node 16 and older), Eval:, Script:, Function:
 *                Builtin:ArrayMap  BytecodeHandler:LdaSmi  RegExp:[a-z]+  wasm-function[3]-turbofan
 *     CPython    py::fib:/app/fib.py
 *     .NET       int32 [app] Program::Fib(int32)[OptimizedTier1]
 *     JVM        java.lang.String java.util.Foo.bar(int)      Interpreter
 *
 * Anybody may have written them: no text is wrong, some just stay whole. Any thread.
 */
#ifndef PROF_PROFILE_JIT_NAME_H
#define PROF_PROFILE_JIT_NAME_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/slice.h"
#include "profile/profile.h"

/* Texts borrow from what was taken apart, or from the arena. */
struct jit_name {
    struct slice name; /* for people; never empty when the text was not */
    struct slice
        system_name;   /* what tells two functions of one name and line apart; may be empty */
    struct slice file; /* empty: unknown */
    uint32_t line;     /* of the definition; 0 unknown */
    enum func_tier tier;
};

struct jit_name jit_name(struct arena *arena, struct slice text);

/* Only what V8 and CPython mark as theirs, so that it may be tried on any symbol. False: not
 * theirs. */
bool jit_name_of_script(struct arena *arena, struct slice text, struct jit_name *ret_name);

#endif

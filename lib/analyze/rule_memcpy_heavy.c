// SPDX-License-Identifier: MIT
/*
 * Much of the CPU time goes into copying memory, and one caller does most of it. Copies from many
 * places are how programs work, and no one place can be changed.
 */
#include "analyze/answers.h"
#include "analyze/rules.h"
#include "analyze/share_rule.h"
#include "analyze/words.h"

#define ONE_CALLER 0.5

static enum answer look(const struct observed *o, struct finding *ret_finding)
{
    static const struct share_rule copying = {
        .part = { .leaf = TRAIT(MEMCPY), .no_frame = TRAIT(GC) },
        .notice = 0.20,
        .warn = 0.25,
        .work = "copying memory",
        .alternative = "Codecs, file systems and message brokers copy by purpose. A copy also waits "
                       "for memory: data that is used again soon after may be what is slow.",
        .advice = {
            .any = "Pass the data on instead of a copy of it: views and slices, moved buffers, "
                   "scatter and gather (writev), sendfile or mmap; grow buffers by a factor, not "
                   "by a constant.",
            .node = "Use Buffer.subarray and lists of chunks in place of Buffer.concat and slice "
                    "copies; pipe streams instead of collecting them.",
            .python = "Use memoryview and bytearray in place of slices and of += on bytes.",
            .go = "Pass slices of one buffer; io.Copy with ReaderFrom; strings.Builder.",
        },
    };
    enum answer answer = share_answer(o, &copying, ret_finding);
    if (answer != ANSWER_FOUND ||
        (ret_finding->guilty.len && ret_finding->guilty.ptr[0].share >= ONE_CALLER))
        return answer;
    finding_done(ret_finding);
    return answer_healthy(
        ret_finding, "memory is copied in many places, and no one of them for most of the time");
}

const struct rule rule_memcpy_heavy = {
    .id = "memcpy-heavy",
    .title = "Much CPU time goes into copying memory",
    .role = RULE_VERDICT,
    .breadth = BREADTH_KIND,
    .repeats = true,
    .look = look,
};

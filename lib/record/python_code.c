// SPDX-License-Identifier: MIT
#include "record/python_code.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/strbuf.h"
#include "base/utf8.h"
#include "record/python_lines.h"
#include "symbol/classify.h"

enum {
    CODES_MAX = 1 << 16,
    LINE_TABLE_MAX = 1 << 20,
    LINE_TABLES_MAX = 64 << 20, /* of all functions; further ones have no lines */
    TEXT_MAX = 1024,            /* characters */
    FRAME_WORDS = 9,            /* before a frame's locals */
    WORDS_MAX = 1 << 16,
    USES_BEFORE_LOOKING_AGAIN = 64,
};

/* Offsets in bytes: objects, then code objects. */
enum {
    OBJECT_TYPE = 8,
    OBJECT_SIZE = 16, /* of those that vary: items */
    CODE_STACK_WORDS = 68,
    CODE_FIRST_LINE = 72,
    CODE_LOCALS = 76,
    CODE_FILE = 112,
    CODE_NAME = 128, /* with its class: Server.handle */
    CODE_LINES = 136,
    BYTES_AT = 32,
    TEXT_LENGTH = 16,
    TEXT_STATE = 32,
    TEXT_ASCII_AT = 48,
    TEXT_OTHER_AT = 72,
};

void python_codes_init(struct python_codes *codes, struct profile *p, uint64_t type)
{
    *codes = (struct python_codes){ .profile = p, .type = type };
}

void python_codes_done(struct python_codes *codes)
{
    for (size_t i = 0; i < codes->list.len; i++)
        free(codes->list.ptr[i].line_table);
    vec_done(&codes->list);
    map_done(&codes->index);
}

static uint64_t word_of(const uint8_t *bytes, size_t at)
{
    uint64_t word;
    memcpy(&word, bytes + at, sizeof word);
    return word;
}

static uint32_t half_of(const uint8_t *bytes, size_t at)
{
    uint32_t half;
    memcpy(&half, bytes + at, sizeof half);
    return half;
}

/* ---- texts ---- */

/* How a text's characters lie (struct PyASCIIObject's state): 2 bits interned, 3 bits the bytes of
 * a character, then compact and ASCII. */
struct text_state {
    unsigned char_bytes;
    bool compact, ascii;
};

static struct text_state text_state_of(uint32_t bits)
{
    return (struct text_state){
        .char_bytes = bits >> 2 & 7, .compact = bits >> 5 & 1, .ascii = bits >> 6 & 1
    };
}

static void add_characters(
    struct strbuf *out, const uint8_t *bytes, size_t count, unsigned char_bytes)
{
    for (size_t i = 0; i < count; i++) {
        uint32_t c = 0;
        memcpy(&c, bytes + i * char_bytes, char_bytes);
        utf8_encode(out, c);
    }
}

static bool read_text(struct target_pages *memory, uint64_t address, struct strbuf *out)
{
    uint8_t head[TEXT_ASCII_AT];
    if (!target_pages_read(memory, address, head, sizeof head))
        return false;
    const struct text_state state = text_state_of(half_of(head, TEXT_STATE));
    const uint64_t count = word_of(head, TEXT_LENGTH);
    const bool known_size = state.char_bytes == 1 || state.char_bytes == 2 || state.char_bytes == 4;
    if (!state.compact || !known_size || count == 0 || count > TEXT_MAX)
        return false;
    uint8_t bytes[TEXT_MAX * 4];
    const uint64_t at = address + (state.ascii ? TEXT_ASCII_AT : TEXT_OTHER_AT);
    if (!target_pages_read(memory, at, bytes, count * state.char_bytes))
        return false;
    add_characters(out, bytes, count, state.char_bytes);
    return true;
}

/* ---- code objects ---- */

static bool is_code(const struct python_codes *codes, const uint8_t *head)
{
    return word_of(head, OBJECT_TYPE) == codes->type;
}

static void read_lines(
    struct python_codes *codes, struct target_pages *memory, struct python_code *code)
{
    uint64_t len;
    if (!target_pages_read(memory, code->lines + OBJECT_SIZE, &len, sizeof len) ||
        len > LINE_TABLE_MAX || codes->line_bytes + len > LINE_TABLES_MAX)
        return;
    code->line_table = xcalloc(len ? len : 1, 1);
    code->line_bytes =
        target_read(memory->pid, code->lines + BYTES_AT, code->line_table, (size_t)len);
    codes->line_bytes += code->line_bytes;
}

static struct func_id add_func(
    struct profile *p, struct slice name, struct slice file, uint32_t line)
{
    const struct classify_input in = { .module_kind = MODULE_JIT, .name = name, .file = file };
    const struct func func = {
        .name = profile_add_string(p, name),
        .file = profile_add_string(p, file),
        .line = line,
        .kind = classify_func(&in),
    };
    return profile_add_func(p, &func);
}

/* As it lies in memory now. Its func stays 0 when this is no code object, or not a whole one. */
static struct python_code read_code(
    struct python_codes *codes, struct target_pages *memory, uint64_t address)
{
    struct python_code code = { .address = address };
    uint8_t head[PYTHON_CODE_AT];
    if (!target_pages_read(memory, address, head, sizeof head) || !is_code(codes, head))
        return code;
    const uint64_t units = word_of(head, OBJECT_SIZE);
    code.units = units < UINT32_MAX ? (uint32_t)units : 0;
    code.first_line = half_of(head, CODE_FIRST_LINE);
    const uint64_t words =
        (uint64_t)half_of(head, CODE_LOCALS) + half_of(head, CODE_STACK_WORDS) + FRAME_WORDS;
    code.frame_bytes = words < WORDS_MAX ? (uint32_t)(words * sizeof(uint64_t)) : 0;
    code.name = word_of(head, CODE_NAME);
    code.lines = word_of(head, CODE_LINES);
    PROF_CLEANUP(strbuf_done) struct strbuf name = STRBUF_INIT;
    PROF_CLEANUP(strbuf_done) struct strbuf file = STRBUF_INIT;
    if (!read_text(memory, code.name, &name) || !read_text(memory, word_of(head, CODE_FILE), &file))
        return code;
    read_lines(codes, memory, &code);
    code.func = add_func(codes->profile, strbuf_slice(&name), strbuf_slice(&file), code.first_line);
    return code;
}

/* Does the memory still hold what was read there? */
static bool is_same(
    const struct python_codes *codes, struct target_pages *memory, const struct python_code *code)
{
    uint8_t head[PYTHON_CODE_AT];
    return target_pages_read(memory, code->address, head, sizeof head) && is_code(codes, head) &&
           word_of(head, CODE_NAME) == code->name && word_of(head, CODE_LINES) == code->lines &&
           half_of(head, CODE_FIRST_LINE) == code->first_line;
}

static struct python_code *find(struct python_codes *codes, uint64_t address)
{
    struct map_probe probe = map_probe(&codes->index, hash_u64(address));
    uint32_t item;
    while (map_next(&probe, &item))
        if (codes->list.ptr[item].address == address)
            return &codes->list.ptr[item];
    return NULL;
}

static struct python_code *add(
    struct python_codes *codes, struct target_pages *memory, uint64_t address)
{
    if (codes->list.len >= CODES_MAX)
        return NULL;
    const struct python_code code = read_code(codes, memory, address);
    if (code.func.i == 0)
        return NULL;
    map_add(&codes->index, hash_u64(address), (uint32_t)codes->list.len);
    vec_push(&codes->list, code);
    return &codes->list.ptr[codes->list.len - 1];
}

const struct python_code *python_codes_at(
    struct python_codes *codes, struct target_pages *memory, uint64_t address)
{
    if (address == 0 || address % sizeof(uint64_t) != 0)
        return NULL;
    struct python_code *code = find(codes, address);
    if (!code)
        return add(codes, memory, address);
    if (code->uses++ % USES_BEFORE_LOOKING_AGAIN == 0 && !is_same(codes, memory, code)) {
        codes->line_bytes -= code->line_bytes;
        free(code->line_table);
        *code = read_code(codes, memory, address);
    }
    return code->func.i ? code : NULL;
}

bool python_code_unit(const struct python_code *code, uint64_t address, uint32_t *ret_unit)
{
    const uint64_t at = address - (code->address + PYTHON_CODE_AT);
    if (at % PYTHON_UNIT_BYTES != 0 || at / PYTHON_UNIT_BYTES >= code->units)
        return false;
    *ret_unit = (uint32_t)(at / PYTHON_UNIT_BYTES);
    return true;
}

struct frame_id python_code_frame(struct profile *p, const struct python_code *code, uint32_t unit)
{
    const struct line line = {
        .func = code->func,
        .line = unit == UINT32_MAX
                    ? 0
                    : python_line(code->line_table, code->line_bytes, code->first_line, unit),
    };
    return profile_add_frame_lines(p, &line, 1);
}

// SPDX-License-Identifier: MIT
/*
 * Reads DWARF call frame information (DWARF 5, section 6.4; .eh_frame: Linux Standard Base, part
 * "Exception Frames") and runs its programs into rows: from this address on, the frame lies so.
 * Only what the walk needs is kept: the CFA, the return address, the frame pointer. Every byte is
 * doubted, and the work is bounded by the section's length. Internal to lib/unwind.
 */
#ifndef PROF_UNWIND_CFI_H
#define PROF_UNWIND_CFI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Where a value is. SAME: the register was not touched. */
enum cfi_place_kind {
    CFI_SAME,
    CFI_AT_CFA,    /* in memory at CFA + offset */
    CFI_AT_REG,    /* in memory at register + offset */
    CFI_IN_REG,    /* in another register */
    CFI_UNDEFINED, /* cannot be had; for the return address: the outermost frame */
    CFI_PLACE_ODD, /* somewhere these rows cannot say */
};

struct cfi_place {
    uint8_t kind; /* enum cfi_place_kind */
    uint8_t reg;
    uint16_t unused; /* no padding: rows are compared as bytes */
    int32_t offset;
};

enum cfi_cfa_kind {
    CFI_CFA_REG,   /* reg + offset */
    CFI_CFA_DEREF, /* *(reg + offset) + offset2: a realigned frame */
    CFI_CFA_PLT,   /* lazy PLT entry; offset is its threshold (arch.h) */
    CFI_CFA_ODD,
};

struct cfi_row {
    uint8_t cfa; /* enum cfi_cfa_kind */
    uint8_t reg;
    bool signal; /* a signal trampoline: the kernel's frame lies at SP */
    uint8_t unused;
    int32_t offset, offset2;
    struct cfi_place ra, fp, sp;
};

/* A function's entry, checked against its section. */
struct cfi_fde {
    uint64_t start, end;
    size_t offset; /* of the entry in the section */
    size_t cie;    /* offset of its CIE */
    const uint8_t *program, *program_end;
};

struct cfi_cie {
    size_t offset_plus_1; /* 0: this slot is free */
    uint64_t code_align;
    int64_t data_align;
    uint64_t ra_reg;
    uint8_t encoding; /* of FDE addresses */
    bool augmented;   /* FDEs have an augmentation length */
    bool valid;
    struct cfi_row row; /* what its program leaves */
};

enum { CFI_CIE_SLOTS = 64 };

struct cfi_reader {
    const uint8_t *ptr;
    size_t len;
    uint64_t address; /* of ptr[0] */
    bool debug_frame;
    uint64_t budget; /* program bytes that may still be run */
    struct cfi_cie cies[CFI_CIE_SLOTS];
};

void cfi_init(
    struct cfi_reader *r, const uint8_t *ptr, size_t len, uint64_t address, bool debug_frame);

enum cfi_entry { CFI_ENTRY_FDE, CFI_ENTRY_OTHER, CFI_ENTRY_END };

/* The entry at *offset, which then moves to the next one. */
enum cfi_entry cfi_next(struct cfi_reader *r, size_t *offset, struct cfi_fde *ret_fde);

/* Calls emit for each row of a function, addresses not falling. */
typedef void cfi_emit(void *ctx, uint64_t address, const struct cfi_row *row);
void cfi_run(struct cfi_reader *r, const struct cfi_fde *fde, cfi_emit *emit, void *ctx);

/*
 * The function addresses that .eh_frame_hdr lists, in its order, as offsets into .eh_frame. Calls
 * visit for each; false when the header is not of the usual kind.
 */
typedef void cfi_visit(void *ctx, size_t eh_frame_offset);
bool cfi_hdr_each(const uint8_t *hdr, size_t len, uint64_t hdr_address, uint64_t eh_frame_address,
    cfi_visit *visit, void *ctx);

#endif

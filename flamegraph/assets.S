// SPDX-License-Identifier: MIT
// The files of web/ become part of the program, in the order in which the page runs them. Paths are
// relative to the folder in which make runs. Only data: the same for every processor.

    .section .rodata

    .global prof_page_boot
    .global prof_page_boot_end
    .balign 16
prof_page_boot:
    .incbin "flamegraph/web/boot.js"
prof_page_boot_end:
    .byte 0

    .global prof_page_script
    .global prof_page_script_end
    .balign 16
prof_page_script:
    .incbin "flamegraph/web/base.js"
    .incbin "flamegraph/web/wire.js"
    .incbin "flamegraph/web/profile.js"
    .incbin "flamegraph/web/tree.js"
    .incbin "flamegraph/web/derive.js"
    .incbin "flamegraph/web/groups.js"
    .incbin "flamegraph/web/totals.js"
    .incbin "flamegraph/web/search.js"
    .incbin "flamegraph/web/state.js"
    .incbin "flamegraph/web/model.js"
    .incbin "flamegraph/web/label.js"
    .incbin "flamegraph/web/colour.js"
    .incbin "flamegraph/web/rows.js"
    .incbin "flamegraph/web/canvas.js"
    .incbin "flamegraph/web/strip.js"
    .incbin "flamegraph/web/table.js"
    .incbin "flamegraph/web/panel.js"
    .incbin "flamegraph/web/legend.js"
    .incbin "flamegraph/web/aria.js"
    .incbin "flamegraph/web/export.js"
    .incbin "flamegraph/web/toolbar.js"
    .incbin "flamegraph/web/keys.js"
    .incbin "flamegraph/web/main.js"
prof_page_script_end:
    .byte 0

    .global prof_page_flame_script
    .global prof_page_flame_script_end
prof_page_flame_script:
    .incbin "flamegraph/web/flame.js"
prof_page_flame_script_end:
    .byte 0

    .global prof_page_doctor_script
    .global prof_page_doctor_script_end
prof_page_doctor_script:
    .incbin "flamegraph/web/doctor_focus.js"
    .incbin "flamegraph/web/doctor_chart.js"
    .incbin "flamegraph/web/doctor.js"
prof_page_doctor_script_end:
    .byte 0

    .global prof_page_style
    .global prof_page_style_end
prof_page_style:
    .incbin "flamegraph/web/base.css"
prof_page_style_end:
    .byte 0

    .global prof_page_doctor_style
    .global prof_page_doctor_style_end
prof_page_doctor_style:
    .incbin "flamegraph/web/doctor.css"
prof_page_doctor_style_end:
    .byte 0

    .global prof_page_app_style
    .global prof_page_app_style_end
prof_page_app_style:
    .incbin "flamegraph/web/app.css"
prof_page_app_style_end:
    .byte 0

    .global prof_page_flame_app_style
    .global prof_page_flame_app_style_end
prof_page_flame_app_style:
    .incbin "flamegraph/web/print.css"
prof_page_flame_app_style_end:
    .byte 0

    .global prof_page_doctor_app_style
    .global prof_page_doctor_app_style_end
prof_page_doctor_app_style:
    .incbin "flamegraph/web/doctor_app.css"
prof_page_doctor_app_style_end:
    .byte 0

    .section .note.GNU-stack, "", %progbits

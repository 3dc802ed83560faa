# The dictionaries' bytes, linked in as they are.
    .section .rodata
    .balign 16
    .globl continuum_dictionary_1_start
continuum_dictionary_1_start:
    .incbin "1.zdict"
    .globl continuum_dictionary_1_end
continuum_dictionary_1_end:
    .section .note.GNU-stack,"",@progbits

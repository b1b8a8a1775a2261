// Entry and system calls of a static Linux program on AArch64: what runtime.c needs and cannot say in C.
	.globl _start, write, _exit
_start:
	ldr x0, [sp]		// argc
	add x1, sp, 8		// argv
	bl main
_exit:
	mov x8, 94		// exit_group
	svc 0
write:
	mov x8, 64
	svc 0
	ret
	.section .note.GNU-stack, "", @progbits

# Entry and system calls of a static Linux program on 32-bit PowerPC: what runtime.c needs and cannot say in C.
	.globl _start, write, _exit
_start:
	lwz 3, 0(1)		# argc
	addi 4, 1, 4		# argv
	clrrwi 1, 1, 4
	li 0, 0
	stwu 0, -16(1)
	bl main
_exit:
	li 0, 234		# exit_group
	sc
write:
	li 0, 4
	sc
	bnslr
	neg 3, 3
	blr
	.section .note.GNU-stack, "", @progbits

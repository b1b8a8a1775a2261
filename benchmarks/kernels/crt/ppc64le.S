# Entry and system calls of a static Linux program on 64-bit PowerPC, ELFv2: what runtime.c needs and cannot say in C.
	.abiversion 2
	.globl _start, write, _exit
	.type _start, @function
	.type write, @function
	.type _exit, @function
_start:
	lis 2, .TOC.@ha
	addi 2, 2, .TOC.@l
	ld 3, 0(1)		# argc
	addi 4, 1, 8		# argv
	stdu 1, -96(1)
	bl main
	nop
_exit:
	li 0, 234		# exit_group
	sc
write:
	li 0, 4
	sc
	blr
	.section .note.GNU-stack, "", @progbits

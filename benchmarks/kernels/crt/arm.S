@ Entry and system calls of a static Linux program on ARM: what runtime.c needs and cannot say in C.
	.syntax unified
	.arm
	.globl _start, write, _exit
	.type _start, %function
	.type write, %function
	.type _exit, %function
_start:
	ldr r0, [sp]		@ argc
	add r1, sp, #4		@ argv
	bic sp, sp, #7
	bl main
_exit:
	mov r7, #248		@ exit_group
	svc #0
write:
	push {r7, lr}
	mov r7, #4
	svc #0
	pop {r7, pc}
	.section .note.GNU-stack, "", %progbits

# Entry and system calls of a static Linux program on i386: what runtime.c needs and cannot say in C.
	.globl _start, write, _exit
_start:
	mov (%esp), %eax		# argc
	lea 4(%esp), %edx		# argv
	and $-16, %esp
	sub $8, %esp
	push %edx
	push %eax
	call main
	push %eax
	push %eax
_exit:
	mov 4(%esp), %ebx
	mov $252, %eax			# exit_group
	int $0x80
write:
	push %ebx
	mov 8(%esp), %ebx
	mov 12(%esp), %ecx
	mov 16(%esp), %edx
	mov $4, %eax
	int $0x80
	pop %ebx
	ret
	.section .note.GNU-stack, "", @progbits

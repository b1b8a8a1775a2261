// Loads all registers from `input` and goes to the code, which ends in a trap: the signal's handler stores them and calls
// resume.
#define NZCV 20
#define FPCR 24
#define FPSR 28
#define X(n) (32 + 8 * (n))
#define SPR  280
#define V(n) (288 + 16 * (n))
	.globl start, run_case, resume
run_case:
	sub sp, sp, 176
	stp x19, x20, [sp]
	stp x21, x22, [sp, 16]
	stp x23, x24, [sp, 32]
	stp x25, x26, [sp, 48]
	stp x27, x28, [sp, 64]
	stp x29, x30, [sp, 80]
	stp d8, d9, [sp, 96]
	stp d10, d11, [sp, 112]
	stp d12, d13, [sp, 128]
	stp d14, d15, [sp, 144]
	adrp x0, saved_sp
	mov x1, sp
	str x1, [x0, :lo12:saved_sp]
	clrex
	adrp x30, input
	add x30, x30, :lo12:input
	ldr w0, [x30, NZCV]
	msr nzcv, x0
	ldr w0, [x30, FPCR]
	msr fpcr, x0
	ldr w0, [x30, FPSR]
	msr fpsr, x0
	.irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
	ldr q\n, [x30, V(\n)]
	.endr
	ldr x0, [x30, SPR]
	mov sp, x0
	.irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29
	ldr x\n, [x30, X(\n)]
	.endr
	ldr x30, [x30, X(30)]
	b test_code

resume:
	adrp x0, saved_sp
	ldr x1, [x0, :lo12:saved_sp]
	mov sp, x1
	msr fpcr, xzr
	ldp x19, x20, [sp]
	ldp x21, x22, [sp, 16]
	ldp x23, x24, [sp, 32]
	ldp x25, x26, [sp, 48]
	ldp x27, x28, [sp, 64]
	ldp x29, x30, [sp, 80]
	ldp d8, d9, [sp, 96]
	ldp d10, d11, [sp, 112]
	ldp d12, d13, [sp, 128]
	ldp d14, d15, [sp, 144]
	add sp, sp, 176
	ret

	.globl _start, sys
_start:
	adrp x0, own_stack
	add x0, x0, :lo12:own_stack
	add sp, x0, 32768
	bl start
	mov x8, 94
	svc 0
sys:	mov x8, x0
	mov x0, x1
	mov x1, x2
	mov x2, x3
	mov x3, x4
	mov x4, x5
	mov x5, x6
	svc 0
	ret
	.section .note.GNU-stack, "", @progbits

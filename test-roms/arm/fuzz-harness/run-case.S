// Loads all registers from `input` and goes to the code, which ends in a trap: the signal's handler stores them and calls
// resume.
#define R(n) (20 + 4 * (n))
#define APSR 80
#define FPSCR_ 88
#define D0 96
	.syntax unified
	.arm
	.globl _start, run_case, resume, sys
run_case:
	push {r4-r11, lr}
	movw r0, #:lower16:saved_sp
	movt r0, #:upper16:saved_sp
	str sp, [r0]
	clrex
	movw r0, #:lower16:input
	movt r0, #:upper16:input
	add r1, r0, D0
	vldmia r1!, {d0-d15}
	vldmia r1!, {d16-d31}
	ldr r1, [r0, FPSCR_]
	vmsr fpscr, r1
	ldr r2, [r0]
	tst r2, #1
	bne 1f
	ldr r1, [r0, APSR]
	msr APSR_nzcvqg, r1
	add lr, r0, R(0)
	ldm lr, {r0-r12}
	ldr sp, [lr, 4 * 13]
	ldr lr, [lr, 4 * 14]
	ldr pc, a32
1:	ldr r1, [r0, APSR]
	msr APSR_nzcvqg, r1
	add lr, r0, R(0)
	ldm lr, {r0-r12}
	ldr sp, [lr, 4 * 13]
	ldr lr, [lr, 4 * 14]
	ldr pc, t32
a32:	.word 0x11010000
t32:	.word 0x11010001

resume:
	movw r0, #:lower16:saved_sp
	movt r0, #:upper16:saved_sp
	ldr sp, [r0]
	mov r0, 0
	vmsr fpscr, r0
	pop {r4-r11, pc}

_start:
	movw r0, #:lower16:own_stack
	movt r0, #:upper16:own_stack
	add sp, r0, 32768
	bl start
	mov r1, r0
	mov r0, 1
sys:	push {r4, r5, r7, lr}         // nr, a, b, c in registers, d, e, f on the stack
	mov r7, r0
	mov r0, r1
	mov r1, r2
	mov r2, r3
	ldr r3, [sp, 16]
	ldr r4, [sp, 20]
	ldr r5, [sp, 24]
	svc 0
	pop {r4, r5, r7, pc}
	.section .note.GNU-stack, "", %progbits

// Loads all registers from `input` and goes to the code, which ends in a trap: the signal's handler stores them and calls
// resume.
#define CR 20
#define XER 24
#define FPSCR 28
#define VSCR 32
#define LR 40
#define CTR 48
#define GPR(n) (56 + 8 * (n))
#define FPR(n) (312 + 8 * (n))
#define LOW(n) (568 + 8 * (n))
#define VR(n) (824 + 16 * (n))
	.abiversion 2
	.text
	.globl _start, run_case, resume, sys
	.macro address reg, name
	lis \reg, \name@ha
	addi \reg, \reg, \name@l
	.endm
run_case:
	stdu 1, -320(1)
	mflr 0
	std 0, 336(1)
	mfcr 0
	std 0, 304(1)
	std 2, 312(1)
	.irp n,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
	std \n, 32 + 8 * (\n - 14)(1)
	.endr
	address 3, saved_sp
	std 1, 0(3)
	address 31, input
	li 4, 0
	stdcx. 4, 0, 3                // drops a reservation of the last case
	std 1, 0(3)
	addi 5, 31, FPSCR
	lfiwzx 0, 0, 5
	mtfsf 255, 0
	addi 5, 31, VSCR
	lxsiwzx 32, 0, 5
	xxpermdi 32, 32, 32, 2
	vspltisw 1, 0
	xxpermdi 32, 33, 32, 1
	mtvscr 0
	.irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
	addi 5, 31, VR(\n)
	lxvd2x \n + 32, 0, 5
	xxswapd \n + 32, \n + 32
	.endr
	.irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
	ld 5, FPR(\n)(31)
	std 5, -32(1)
	ld 5, LOW(\n)(31)
	std 5, -24(1)
	addi 5, 1, -32
	lxvd2x \n, 0, 5
	.endr
	lwz 0, CR(31)
	mtcrf 255, 0
	lwz 0, XER(31)
	mtspr 1, 0
	ld 0, LR(31)
	mtlr 0
	ld 0, CTR(31)
	mtctr 0
	.irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30
	ld \n, GPR(\n)(31)
	.endr
	ld 31, GPR(31)(31)
	b test_code

resume:
	address 3, saved_sp
	ld 1, 0(3)
	.irp n,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
	ld \n, 32 + 8 * (\n - 14)(1)
	.endr
	ld 0, 304(1)
	mtcrf 255, 0
	ld 2, 312(1)
	ld 0, 336(1)
	mtlr 0
	addi 1, 1, 320
	blr

_start:
	address 2, .TOC.
	address 1, own_stack+32704
	li 0, 0
	stdu 0, -64(1)
	bl start
	mr 4, 3
	li 3, 234
	bl sys
sys:	mr 0, 3
	mr 3, 4
	mr 4, 5
	mr 5, 6
	mr 6, 7
	mr 7, 8
	mr 8, 9
	sc
	bnslr
	neg 3, 3
	blr
	.section .note.GNU-stack, "", @progbits

// Loads all registers from `input` and goes to the code, which ends in a trap: the signal's handler stores them and calls
// resume.
#define GPR(n) (20 + 4 * (n))
#define CR 148
#define XER 152
#define LR 156
#define CTR 160
#define FPSCR 164
#define FPR(n) (176 + 8 * (n))
#define VSCR 432
#define VR(n) (448 + 16 * (n))
	.globl _start, run_case, resume, sys
run_case:
	stwu 1,-96(1)
	mflr 0
	stw 0,100(1)
	mfcr 0
	stw 0,8(1)
	stw 2,12(1)
	stmw 13,16(1)
	lis 31,saved_sp@ha
	stw 1,saved_sp@l(31)
	lis 3,reserved@ha
	la 3,reserved@l(3)
	stwcx. 0,0,3                  // drops a reservation of the last case
	li 0,0
	mtspr 256,0
	lis 31,input@ha
	la 31,input@l(31)
	lfd 0,FPSCR-4(31)
	mtfsf 255,0
	.irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
	lfd \n,FPR(\n)(31)
	.endr
	addi 3,31,VSCR
	lvx 0,0,3
	mtvscr 0
	.irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
	addi 3,31,VR(\n)
	lvx \n,0,3
	.endr
	lwz 0,CR(31)
	mtcrf 255,0
	lwz 0,XER(31)
	mtspr 1,0
	lwz 0,LR(31)
	mtlr 0
	lwz 0,CTR(31)
	mtctr 0
	.irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30
	lwz \n,GPR(\n)(31)
	.endr
	lwz 31,GPR(31)(31)
	b test_code

resume:
	lis 31,saved_sp@ha
	lwz 1,saved_sp@l(31)
	lmw 13,16(1)
	lwz 2,12(1)
	lwz 0,8(1)
	mtcrf 255,0
	lwz 0,100(1)
	mtlr 0
	addi 1,1,96
	blr

_start:
	lis 1,own_stack+32752@ha
	la 1,own_stack+32752@l(1)
	li 0,0
	stw 0,0(1)
	bl start
	mr 4,3
	li 3,1
	bl sys
sys:	mr 0,3
	mr 3,4
	mr 4,5
	mr 5,6
	mr 6,7
	mr 7,8
	mr 8,9
	sc
	bnslr
	neg 3,3
	blr
	.section .note.GNU-stack,"",@progbits

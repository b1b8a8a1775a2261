// Loads all registers from `input`, goes to the code, and stores all registers to `output` when it comes back.
// Nothing is left to find the way back by: save_case keeps r1 in VRSAVE, a signal handler calls resume.
#define GPR(n) (20 + 4 * (n))
#define CR 148
#define XER 152
#define LR 156
#define CTR 160
#define FPSCR 164
#define FPR(n) (176 + 8 * (n))
#define VSCR 432
#define VR(n) (448 + 16 * (n))
	.globl run_case, save_case, resume, start
start:
	lis 1,own_stack+32752@ha
	la 1,own_stack+32752@l(1)
	li 0,0
	stw 0,0(1)
	b start_here
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

save_case:
	lis 1,output@ha
	la 1,output@l(1)
	.irp n,0,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
	stw \n,GPR(\n)(1)
	.endr
	.irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
	stfd \n,FPR(\n)(1)
	.endr
	mffs 0
	stfd 0,FPSCR-4(1)             // its high word falls where CTR goes
	.irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
	addi 3,1,VR(\n)
	stvx \n,0,3
	.endr
	mfvscr 0
	addi 3,1,VSCR
	stvx 0,0,3
	mfspr 2,256
	stw 2,GPR(1)(1)
	mfcr 2
	stw 2,CR(1)
	mfxer 2
	stw 2,XER(1)
	mflr 2
	stw 2,LR(1)
	mfctr 2
	stw 2,CTR(1)
	li 0,0
	stw 0,0(1)
	stw 0,4(1)
	stw 0,8(1)
	stw 0,12(1)
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
	.section .note.GNU-stack,"",@progbits

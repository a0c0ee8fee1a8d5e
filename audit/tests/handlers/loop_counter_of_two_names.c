// expect: undecided
#include <signal.h>
#include <unistd.h>
void on(int);
volatile int flag;
__asm__(".text\n.globl on\n.type on,@function\non:\n.cfi_startproc\n"
    "push %rbp\nmov %rsp,%rbp\nsub $16,%rsp\nmovl $0,-4(%rbp)\n1: addl $1,-4(%rbp)\ncmpl $0,flag(%rip)\njne 2f\n"
    "movl $0,12(%rsp)\n2: cmpl $10,-4(%rbp)\njl 1b\nleave\nret"
    "\n.cfi_endproc\n.size on,.-on\n");
int main(void) { signal(SIGUSR1, on); for (;;) pause(); }

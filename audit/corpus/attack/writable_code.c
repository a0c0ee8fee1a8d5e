// truth: unsafe: the handler is in a section that is writable and executable, so its code is not what the file says
#include "corpus.h"
volatile sig_atomic_t flag;
void handler(int);
__asm__(".section .patched,\"awx\",@progbits\n.globl handler\n.type handler,@function\nhandler: movl $1,flag(%rip)\nret\n.size handler,.-handler\n.text\n");
int main(void) { INSTALL(SIGUSR1, handler); ((volatile unsigned char *)handler)[0] = 0x0f; ((volatile unsigned char *)handler)[1] = 0x0b; for (;;) pause(); }

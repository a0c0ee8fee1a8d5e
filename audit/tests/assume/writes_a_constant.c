// assume: valid:text
// expect: fail
#include "program.h"
char *text = (char *)"a text of its own";
static void on(int s) { (void)s; *text = 'x'; }
int main(int argc, char **argv)
{
    (void)argv;
    if (argc > 3)
        text = malloc(argc);
    INSTALL(on);
    for (;;)
        pause();
}

// The only process-wide state: tables of foreign kernels, written once at start.
#pragma once

namespace shrinkage {

/// BLAS and LAPACK by their Fortran interface with 32-bit integers (Dongarra et al. 1990). Python
/// hands over the routines that scipy ships; C++ tests hand over plain reference loops.
struct BlasTable {
    using Dot = double (*)(int* n, double* x, int* incx, double* y, int* incy);
    using Axpy = void (*)(int* n, double* a, double* x, int* incx, double* y, int* incy);
    using Gemv = void (*)(char* trans, int* m, int* n, double* alpha, double* a, int* lda,
                          double* x, int* incx, double* beta, double* y, int* incy);
    using Gemm = void (*)(char* transa, char* transb, int* m, int* n, int* k, double* alpha,
                          double* a, int* lda, double* b, int* ldb, double* beta, double* c,
                          int* ldc);
    using Syrk = void (*)(char* uplo, char* trans, int* n, int* k, double* alpha, double* a,
                          int* lda, double* beta, double* c, int* ldc);
    using Trsv = void (*)(char* uplo, char* trans, char* diag, int* n, double* a, int* lda,
                          double* x, int* incx);
    using Trsm = void (*)(char* side, char* uplo, char* trans, char* diag, int* m, int* n,
                          double* alpha, double* a, int* lda, double* b, int* ldb);
    using Potrf = void (*)(char* uplo, int* n, double* a, int* lda, int* info);

    Dot dot = nullptr;
    Axpy axpy = nullptr;
    Gemv gemv = nullptr;
    Gemm gemm = nullptr;
    Syrk syrk = nullptr;
    Trsv trsv = nullptr;
    Trsm trsm = nullptr;
    Potrf potrf = nullptr;

    bool complete() const { return dot && axpy && gemv && gemm && syrk && trsv && trsm && potrf; }
};

/// The table in force. Throws NumericalError before install_blas.
const BlasTable& blas_table();

/// Write-once: a second call is ignored, so that running fits never see the table change.
void install_blas(const BlasTable& table);

}  // namespace shrinkage

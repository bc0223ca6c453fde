#include "tests/support/tls_context.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <stdexcept>
#include <string>

namespace ucaas_sync::test {
namespace {

template <auto kFunction>
struct Deleter {
  template <typename T>
  void operator()(T* object) const {
    kFunction(object);
  }
};
using Bio = std::unique_ptr<BIO, Deleter<BIO_free_all>>;
using Key = std::unique_ptr<EVP_PKEY, Deleter<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Deleter<X509_free>>;

void Require(bool ok, const char* what) {
  if (!ok) throw std::runtime_error(std::string("test certificate: ") + what);
}

std::string TextOf(const Bio& bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

void AddExtension(X509* certificate, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  const std::unique_ptr<X509_EXTENSION, Deleter<X509_EXTENSION_free>> extension(
      X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()));
  Require(extension && X509_add_ext(certificate, extension.get(), -1) == 1, "extension");
}

}  // namespace

TlsIdentity TlsIdentity::SelfSigned(const std::string& host_or_ip, int valid_days) {
  const Key key(EVP_EC_gen("P-256"));
  const Certificate certificate(X509_new());
  Require(key && certificate, "allocation");
  constexpr long kDay = 24L * 3600;
  X509_set_version(certificate.get(), X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -30 * kDay);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), valid_days * kDay);
  X509_set_pubkey(certificate.get(), key.get());
  X509_NAME* name = X509_get_subject_name(certificate.get());
  const std::string common_name = "ucaas-sync test";
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(common_name.data()),  // NOLINT: OpenSSL's type
                             static_cast<int>(common_name.size()), -1, 0);
  X509_set_issuer_name(certificate.get(), name);
  const bool is_ip = host_or_ip.find_first_not_of("0123456789.") == std::string::npos;
  AddExtension(certificate.get(), NID_subject_alt_name, (is_ip ? "IP:" : "DNS:") + host_or_ip);
  AddExtension(certificate.get(), NID_basic_constraints, "critical,CA:TRUE");
  Require(X509_sign(certificate.get(), key.get(), EVP_sha256()) > 0, "signature");

  const Bio certificate_text(BIO_new(BIO_s_mem()));
  const Bio key_text(BIO_new(BIO_s_mem()));
  Require(PEM_write_bio_X509(certificate_text.get(), certificate.get()) == 1, "PEM");
  Require(PEM_write_bio_PrivateKey(key_text.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1, "PEM");
  return {.certificate = TextOf(certificate_text), .key = TextOf(key_text)};
}

TlsContext::TlsContext(const TlsIdentity& identity) : context_(SSL_CTX_new(TLS_server_method())) {
  const Bio certificate_text(
      BIO_new_mem_buf(identity.certificate.data(), static_cast<int>(identity.certificate.size())));
  const Bio key_text(BIO_new_mem_buf(identity.key.data(), static_cast<int>(identity.key.size())));
  const Certificate certificate(PEM_read_bio_X509(certificate_text.get(), nullptr, nullptr, nullptr));
  const Key key(PEM_read_bio_PrivateKey(key_text.get(), nullptr, nullptr, nullptr));
  Require(context_ && certificate && key, "reading back");
  Require(SSL_CTX_use_certificate(context_.get(), certificate.get()) == 1, "use certificate");
  Require(SSL_CTX_use_PrivateKey(context_.get(), key.get()) == 1, "use key");
}

}  // namespace ucaas_sync::test

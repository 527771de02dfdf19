import type { HashName } from "../../../src/base/crypto/crypto.ts";

/** Hash, text, digest: computed by another implementation. */
export const hashes: readonly (readonly [HashName, string, string])[] = [
  ["MD5", "", "d41d8cd98f00b204e9800998ecf8427e"],
  ["MD5", "abc", "900150983cd24fb0d6963f7d28e17f72"],
  ["MD5", "пароль 🔑", "5c59db31743316ca7d708c0b731f459e"],
  ["SHA-1", "", "da39a3ee5e6b4b0d3255bfef95601890afd80709"],
  ["SHA-1", "abc", "a9993e364706816aba3e25717850c26c9cd0d89d"],
  ["SHA-1", "пароль 🔑", "48b96f6e90eb28b5a8cceeb78ac860e58ff25ac0"],
  ["SHA-256", "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"],
  ["SHA-256", "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"],
  ["SHA-256", "пароль 🔑", "7c74bad25149b82fcd317148b1fd143a6075ff93b3d3f0a7eb37ac38e47150e4"],
  [
    "SHA-512",
    "",
    "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e",
  ],
  [
    "SHA-512",
    "abc",
    "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
  ],
  [
    "SHA-512",
    "пароль 🔑",
    "1e70a30f65027335fdd74e72815de843284fc917c2fd171e273592db3fd0d87e1fc184d94c7fbb6ae3035716d032e71ab9d2a39e29a671651e32224c37fb824e",
  ],
];

/** Hash, key, text, HMAC. */
export const macs: readonly (readonly [HashName, string, string, string])[] = [
  ["MD5", "", "", "74e6f7298a9c2d168935f58c001bad88"],
  ["MD5", "key", "The quick brown fox", "d006bc60c92ff6e54f615474fe835e02"],
  [
    "MD5",
    "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk",
    "длинный ключ",
    "bee80af52d485c40ce57b026aac7f8e0",
  ],
  ["SHA-1", "", "", "fbdb1d1b18aa6c08324b7d64b71fb76370690e1d"],
  ["SHA-1", "key", "The quick brown fox", "22f9e077a3cebd09248154f85d9a56c79941fd96"],
  [
    "SHA-1",
    "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk",
    "длинный ключ",
    "d27f0f38f503433e0540a4454949bca4bd97d778",
  ],
  ["SHA-256", "", "", "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad"],
  [
    "SHA-256",
    "key",
    "The quick brown fox",
    "203d1e5cedd2d18f8c5a3beff0bd9c1ebcb97097dfcb288c46b00c9227fde2c0",
  ],
  [
    "SHA-256",
    "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk",
    "длинный ключ",
    "e5cfd3a3df4b43eea307b5696c8dd7b6be471832f6e34c6f8c285a354bad7334",
  ],
  [
    "SHA-512",
    "",
    "",
    "b936cee86c9f87aa5d3c6f2e84cb5a4239a5fe50480a6ec66b70ab5b1f4ac6730c6c515421b327ec1d69402e53dfb49ad7381eb067b338fd7b0cb22247225d47",
  ],
  [
    "SHA-512",
    "key",
    "The quick brown fox",
    "36f44b125a8a90639dc46733039571792e081e0fd8685ff746784b02ed14aa35629d562c7117cde4a701570551faa5a5e1b7ef1eb5c3bcd4cc1fdb8923fcf14e",
  ],
  [
    "SHA-512",
    "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk",
    "длинный ключ",
    "d3ff8fb75c6ba566370b81935e6baf5904a95c291088394afd258de41586189e531447a9cc79006672fc087657be364e799c44fd89dfaa15e0b32cb01d041129",
  ],
];

/** Hash, password, salt, iterations, key. */
export const derivations: readonly (readonly [HashName, string, string, number, string])[] = [
  ["SHA-1", "pencil", "salt", 4096, "3d7e09882145ad17808119807c66cadbbdcc0461"],
  ["SHA-1", "пароль 🔑", "соль", 1, "98e6ff6cd9a1d3f3d0a8"],
  ["SHA-1", "", "salt", 2, "133a4ce837b4d2521ee2bf03e11c71ca794e0797"],
  [
    "SHA-256",
    "pencil",
    "salt",
    4096,
    "0997564f292923271312698037b6b0a06a8be7fbd912480847c5a1ace4b8d1c7",
  ],
  ["SHA-256", "пароль 🔑", "соль", 1, "8e0616558bc42e43cd45"],
  ["SHA-256", "", "salt", 2, "62384466264daadc4144018c6bd864648272b34d"],
  [
    "SHA-512",
    "pencil",
    "salt",
    4096,
    "2cfe3a1c151662b1ea49d13f595674a1c666add70df15d3d02254e9905993878261da7407fd11c2fee4b0a30df5154b1a752f86a13380ddd4bdd9a7c958ec769",
  ],
  ["SHA-512", "пароль 🔑", "соль", 1, "4d3355e37d48d16c22d0"],
  ["SHA-512", "", "salt", 2, "cc5eacbb057f2a5982fce67bf70f79fccf4adf28"],
];
